import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { TemporalFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import { createActivities } from '../../src/activities';
import type { CheckedConfiguration } from '../../src/activities/check-configuration';
import { AccountSchema, type WorkerConfig } from '../../src/config/config';
import { compactInput } from '../../src/contract/compact';
import { ExportOptionsSchema } from '../../src/contract/export-options';
import type { ExportInput, ExportView } from '../../src/contract/export';
import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport, Settlement } from '../../src/contract/report';
import { startSandbox, type Sandbox, type SandboxSwitches } from '../../src/sandbox';
import type { Resources } from '../../src/plugin/resources';
import {
  NEW_DESTINATION,
  toJobInput,
  type DestinationState,
  type Job,
} from '../../src/workflows/destination/state';
import { assignTags } from '../../src/workflows/destination/tag-identity';
import { exportJob } from '../../src/workflows/destination/jobs/export';
import { mailchimpExport } from '../../src/workflows/export/export';
import { reasonOf } from '../../src/workflows/failure';
import { CANCELLED, toReport } from '../../src/workflows/export/report';
import { heldIn } from '../support/export-state';
import { inWords, type Answer } from './answer';
import { readBaseline, readCreated } from './baseline';
import { RowResults } from './row-results';
import { ask, cancelWorkflow, callStep, runWorkflow, type Steps } from './in-process';
import { TROUBLES } from './conditions';
import type { Exporter } from './run-case';
import { ATTRIBUTES, audienceSeed, tagNames, writeSource } from './scene';
import type { Order } from './steps';
import type { Profile, World } from './world';

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

/** One destination, as its workflow would keep it; its exports are the real workflow's, run without Temporal. */
class StepDriver implements Exporter {
  readonly sandbox: Sandbox;
  /** Also the account's name. */
  readonly audience: string;
  readonly #stage: StepStage;
  readonly #destinationId = `d-${randomUUID()}`;
  readonly #steps: Steps;
  #state: DestinationState = NEW_DESTINATION;

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

  close(): Promise<void> {
    return this.sandbox.close();
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

  async export(order: Order): Promise<Answer> {
    const { cancelled, trouble, allowMassRemoval, census, retryRefused, limit, lane, removal } = order;
    const job: Job = {
      kind: 'export',
      exportId: randomUUID(),
      number: this.#state.lastNumber + 1,
      options: ExportOptionsSchema.parse({ allowMassRemoval, census, retryRefused, limit, lane }),
      trigger: 'test',
      ...(removal && {
        removal: { exported: removal, by: 'tester', contacts: allowMassRemoval ? 1_000 : 0 },
      }),
    };
    const input = toJobInput(this.#destinationId, this.#state, job)!;
    const rowResults = new RowResults();
    if (cancelled === 'while stuck') this.sandbox.fail({ effect: { type: 'stuckBatch' } });
    if (trouble !== undefined) this.sandbox.fail(TROUBLES[trouble]!);
    const report = await this.#run(input, rowResults, order);
    this.#state = exportJob.withReport({ ...this.#state, lastNumber: job.number }, { job, input, report });
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
