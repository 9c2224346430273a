import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { TemporalFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import type { z } from 'zod';
import { createActivities } from '../../src/activities';
import type { CheckedConfiguration } from '../../src/activities/check-configuration';
import { AccountSchema, type WorkerConfig } from '../../src/config/config';
import { compactInput, type CompactExportInput } from '../../src/contract/compact';
import { JobRequestSchema, type JobInput } from '../../src/contract/job';
import type { JobKind } from '../../src/contract/job-kind';
import type { ExportInput, ExportView } from '../../src/contract/export';
import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport, Settlement } from '../../src/contract/report';
import type { SuppressionScope } from '../../src/ports/staging';
import { startSandbox, type Sandbox, type SandboxSwitches } from '../../src/sandbox';
import type { Resources } from '../../src/plugin/resources';
import {
  NEW_DESTINATION,
  toJobInput,
  withNextNumber,
  type DestinationState,
  type Job,
} from '../../src/workflows/destination/state';
import { assignTags } from '../../src/workflows/destination/tag-identity';
import { exportJob } from '../../src/workflows/destination/jobs/export';
import { forgetJob } from '../../src/workflows/destination/jobs/forget';
import { verifyJob } from '../../src/workflows/destination/jobs/verify';
import { mailchimpExport } from '../../src/workflows/export/export';
import { mailchimpForget } from '../../src/workflows/export/forget';
import { mailchimpVerify } from '../../src/workflows/verify/verify';
import { reasonOf } from '../../src/workflows/failure';
import { CANCELLED, toReport } from '../../src/workflows/export/report';
import { heldIn } from '../support/export-state';
import { inWords, verificationInWords, type Answer, type ForgetAnswer, type Named } from './answer';
import { readBaseline, readCreated } from './baseline';
import { RowResults } from './row-results';
import { ask, cancelWorkflow, callStep, runWorkflow, type Steps } from './in-process';
import { TROUBLES } from './conditions';
import type { Exporter } from './run-case';
import { ATTRIBUTES, audienceSeed, tagNames, writeSource } from './scene';
import type { Order } from './steps';
import type { VerifyResult } from './verification';
import type { ForgetOrder, Profile, SuppressionList, World } from './world';

export interface StepStage {
  readonly world: World;
  readonly switches: Readonly<Partial<SandboxSwitches>>;
  readonly config: WorkerConfig;
  readonly resources: Resources;
  readonly folder: string;
}

let opened = 0;

/** Workers, source and staging are shared by all cases; destination and Mailchimp are this one's own. */
export async function openStepDriver(stage: StepStage): Promise<StepDriver> {
  const { world, switches, config } = stage;
  const name = (0xa000000000 + opened++).toString(16);
  const audiences = [audienceSeed(world, name)];
  const sandbox = await startSandbox({ switches, audiences, clock: () => Date.now() });
  process.env['MODEL_KEY'] = sandbox.apiKey;
  const account = { apiKey: 'env:MODEL_KEY', baseUrl: sandbox.url };
  config.accounts[name] = AccountSchema.parse(account);
  return new StepDriver(stage, { sandbox, name });
}

const NOTHING = () => undefined;

/** One destination, as its workflow would keep it; its exports are the real workflow's, run without Temporal. */
class StepDriver implements Exporter {
  readonly sandbox: Sandbox;
  /** Also the account's name. */
  readonly audience: string;
  readonly #stage: StepStage;
  readonly #destinationId = `d-${randomUUID()}`;
  readonly #steps: Steps;
  #state: DestinationState = NEW_DESTINATION;
  /** Ids by number. */
  readonly #exports = new Map<number, string>();

  constructor(stage: StepStage, { sandbox, name }: { sandbox: Sandbox; name: string }) {
    this.sandbox = sandbox;
    this.audience = name;
    this.#stage = stage;
    this.#steps = createActivities(() => Promise.resolve(stage.resources)) as unknown as Steps;
  }

  writeProfiles(profiles: Iterable<Profile>): Promise<void> {
    return writeSource(this.#stage.folder, profiles);
  }

  passTime(minutes: number): void {
    jest.setSystemTime(Date.now() + minutes * 60_000);
  }

  during<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  async close(): Promise<void> {
    // Other cases have the same store and people.
    for (const list of ['account', 'store'] as const) await this.lift(list);
    await this.sandbox.close();
  }

  async connect(statusIfNew: string): Promise<void> {
    const asked = { name: 'Newsletter', account: this.audience, source: 'people', exportUser: 'tester' };
    const checked = await this.#call('checkConnection', {
      destinationId: this.#destinationId,
      accountId: null,
      consent: {},
      request: { ...asked, audienceId: this.audience, statusIfNew, adopt: false },
    });
    const { accountId, audience, storeId, workerTimeoutSeconds } = checked as DestinationState['connection'] &
      object;
    const connection = { ...asked, accountId, audience, storeId, workerTimeoutSeconds, statusIfNew };
    const { lastNumber } = this.#state;
    this.#state = { ...NEW_DESTINATION, lastNumber, phase: 'connected', connection };
  }

  async configure({ config: { fields, segments, leavers }, holdsRemovals }: World): Promise<void> {
    const checked = (await this.#call('checkConfiguration', {
      destinationId: this.#destinationId,
      account: this.audience,
      audienceId: this.audience,
      source: 'people',
      request: {
        email: 'email',
        fields: Object.fromEntries(fields.map((tag) => [tag, ATTRIBUTES[tag]!])),
        segments: { ...segments },
        adoptTags: true,
        leavers,
        guards: { removalShare: holdsRemovals ? 0 : 1 },
      },
    })) as CheckedConfiguration;
    const own = this.#state.configuration?.segments ?? [];
    const configuration = { ...checked, segments: assignTags(checked.segments, { own, adoptTags: true }) };
    this.#state = { ...this.#state, phase: 'configured', configuration };
  }

  async export(order: Order, undoes?: number): Promise<Answer> {
    const { cancelled, trouble, allowMassRemoval, census, retryRefused, limit, lane, removal } = order;
    const { allowAfterUndo = false } = order;
    const agreed = { by: 'tester', contacts: allowMassRemoval ? 1_000 : 0 };
    const { job, input } = this.#newJob('export', {
      options: { allowMassRemoval, allowAfterUndo, census, retryRefused, limit, lane },
      ...(removal && { removal: { exported: removal, ...agreed } }),
      ...(undoes !== undefined && {
        undo: { exportId: this.#exports.get(undoes)!, number: undoes, ...agreed },
      }),
    });
    this.#exports.set(job.number, job.exportId);
    const rowResults = new RowResults();
    if (cancelled === 'while stuck') this.sandbox.fail({ effect: { type: 'stuckBatch' } });
    if (trouble !== undefined) this.sandbox.fail(TROUBLES[trouble]!);
    const report = await this.#run(input, rowResults, order);
    this.#state = exportJob.withReport(this.#state, { job, input, report });
    const { staging } = this.#stage.resources;
    const rows = report.isSettled ? await staging.readFailures(input.ref, { outcomes: OUTCOMES }) : [];
    const read = (chunk: number, kind: string) =>
      kind === 'archive' ? staging.readArchiveChunk(input.ref, chunk) : staging.readChunk(input.ref, chunk);
    const folder = join(this.#stage.folder, 'staging');
    const names = await tagNames(this.sandbox, this.audience);
    const isRemoved = this.#state.phase === 'removed';
    const answer = {
      ...inWords(report, rows),
      baseline: report.isSettled ? await readBaseline(folder, report) : null,
      created: report.isSettled ? await readCreated(folder, report) : null,
      isRemoved,
      unanswered: await rowResults.byRow(read, (id) => names.get(id) ?? ''),
    };
    if (isRemoved) await this.remove();
    return answer;
  }

  async verify({ repair }: { readonly repair: boolean }): Promise<VerifyResult> {
    const { job, input } = this.#newJob('verify', repair ? { repair } : {});
    const report = await this.#runJob(mailchimpVerify, input);
    this.#state = verifyJob.withReport(this.#state, { job, input, report });
    const { staging } = this.#stage.resources;
    const isFound = report.verification?.baseline != null;
    return verificationInWords(report, isFound ? await staging.readDrift(input.ref, {}) : []);
  }

  async forget(person: Named, { mailchimp, keepOut }: ForgetOrder): Promise<ForgetAnswer> {
    const asked = { person, mailchimp, keepOut, by: 'tester' };
    const requestId = await this.#stage.resources.staging.stageForget(this.#destinationId, asked);
    const { job, input } = this.#newJob('forget', { forget: { requestId } });
    const report = await this.#runJob(mailchimpForget, input);
    this.#state = forgetJob.withReport(this.#state, { job, input, report });
    return { isKeptOut: report.forgotten!.isKeptOut };
  }

  async suppress(list: SuppressionList, entry: string): Promise<void> {
    const added = { entries: [entry], by: 'tester', reason: '' };
    await this.#stage.resources.staging.suppress(this.#scopeOf(list), added);
  }

  async lift(list: SuppressionList, entry?: string): Promise<void> {
    const { staging } = this.#stage.resources;
    await staging.unsuppress(this.#scopeOf(list), entry === undefined ? undefined : [entry]);
  }

  #scopeOf(list: SuppressionList): SuppressionScope {
    if (list === 'store') return { store: true };
    if (list === 'destination') return { destinationId: this.#destinationId };
    return { accountId: this.#state.connection!.accountId };
  }

  #newJob(kind: JobKind, request: Omit<z.input<typeof JobRequestSchema>, 'kind'>) {
    const { number, state } = withNextNumber(this.#state, kind);
    this.#state = state;
    const asked = JobRequestSchema.parse({ kind, trigger: 'test', ...request });
    const job: Job = { ...asked, exportId: randomUUID(), number };
    return { job, input: toJobInput(this.#destinationId, state, job)! };
  }

  #runJob(
    workflow: (input: CompactExportInput) => Promise<ExportReport>,
    input: JobInput,
  ): Promise<ExportReport> {
    const begin = { steps: this.#steps, before: NOTHING, after: NOTHING, whenIdle: () => false };
    return runWorkflow(begin, workflow, compactInput(input));
  }

  /** But for its schedules, which Temporal has. */
  async remove(): Promise<void> {
    const { staging } = this.#stage.resources;
    await staging.releaseAudience(this.#destinationId);
    await staging.discard(this.#destinationId);
  }

  async #run(
    input: ExportInput,
    rowResults: RowResults,
    { cancelled, answer }: Order,
  ): Promise<ExportReport> {
    const startedAtMs = Date.now();
    try {
      return await runWorkflow(
        {
          steps: this.#steps,
          before: (name, given) => {
            if (isMoment(cancelled, name, rowResults)) cancelWorkflow();
            else rowResults.begin(name, given);
          },
          after: (name, given, result) => rowResults.end(name, given, result),
          whenIdle: decider(answer),
        },
        mailchimpExport,
        compactInput(input),
      );
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      // What the destination does for a child that has failed or was cancelled.
      const settlement = await this.#call('settleExport', { ref: input.ref, tally: null });
      const failure = reasonOf(error);
      const ended = isCancellation(error)
        ? ({ status: 'cancelled', startedAtMs, failure: CANCELLED } as const)
        : ({ status: 'failed', startedAtMs, failure } as const);
      return toReport(input, settlement as Settlement | null, ended);
    }
  }

  #call(name: string, input: unknown): Promise<unknown> {
    return callStep(this.#steps[`mailchimp.${name}`]!, input);
  }
}

/** Cancelled before the first part leaves, before the second one does, or while a batch is stuck. */
function isMoment(cancelled: Order['cancelled'], name: string, rowResults: RowResults): boolean {
  if (cancelled === 'while stuck') return name === 'mailchimp.pollBatches';
  if (!cancelled || !rowResults.isSending(name)) return false;
  return rowResults.partsBegun === (cancelled === 'before all' ? 0 : 1);
}

/** Approves or denies a held export, once; without either, it expires. */
function decider(answer: Order['answer']): () => boolean {
  let isDecided = answer === 'expired';
  return () => {
    const held = heldIn(ask('progress') as ExportView | undefined);
    if (!held || isDecided) return false;
    isDecided = true;
    const envelope = { requestId: randomUUID(), notAfter: Date.now() + 60_000 };
    ask(answer === 'approved' ? 'approve' : 'deny', { planId: held.planId, by: 'tester' }, envelope);
    return true;
  };
}
