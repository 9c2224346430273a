import type { ExportHandle } from '../../src/client';
import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import type { Staging, SuppressionScope } from '../../src/ports/staging';
import type { Sandbox, SandboxSwitches } from '../../src/sandbox';
import { FolderStore, openStaging } from '../../src/staging';
import { heldIn } from '../support/export-state';
import { AUDIENCE, CONNECT, openStage, reportOf, type Stage } from '../support/stage';
import { untilAnswered } from '../support/until-answered';
import { inWords, verificationInWords, type Answer, type ForgetAnswer, type Named } from './answer';
import { readBaseline, readCreated } from './baseline';
import { TROUBLES } from './conditions';
import type { Exporter } from './run-case';
import { ATTRIBUTES, audienceSeed, SOURCE, writeSource } from './scene';
import type { Order } from './steps';
import type { VerifyResult } from './verification';
import type { ForgetOrder, Profile, SuppressionList, World } from './world';

/** A stage of its own for each case: workflows on a real server, a worker with the plugin. */
export async function openTemporalDriver(
  world: World,
  switches: Readonly<Partial<SandboxSwitches>>,
): Promise<TemporalDriver> {
  const stage = await openStage({ sandbox: { switches, audiences: [audienceSeed(world, AUDIENCE)] } });
  Object.assign(stage.config.sources, { people: SOURCE });
  // Nothing here takes two minutes at Mailchimp.
  Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: 1 });
  return new TemporalDriver(stage);
}

class TemporalDriver implements Exporter {
  readonly audience = AUDIENCE;
  readonly #stage: Stage;
  /** Ids by number. */
  readonly #exports = new Map<number, string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get sandbox(): Sandbox {
    return this.#stage.sandbox;
  }

  writeProfiles(profiles: Iterable<Profile>): Promise<void> {
    return writeSource(this.#stage.folder, profiles);
  }

  async connect(statusIfNew: string): Promise<void> {
    const { client, destinationId } = this.#stage;
    await client.connect(destinationId, { ...CONNECT, statusIfNew: statusIfNew as 'subscribed' });
  }

  async configure({ config: { fields, segments, leavers }, holdsRemovals }: World): Promise<void> {
    await this.#stage.client.configure(this.#stage.destinationId, {
      email: 'email',
      fields: Object.fromEntries(fields.map((tag) => [tag, ATTRIBUTES[tag]!])),
      segments: { ...segments },
      adoptTags: true,
      leavers,
      guards: { removalShare: holdsRemovals ? 0 : 1 },
    });
  }

  async export(
    { trouble, answer, allowMassRemoval, census, retryRefused, lane, limit, allowAfterUndo = false }: Order,
    undoes?: number,
  ): Promise<Answer> {
    const options = {
      allowMassRemoval,
      allowAfterUndo,
      census,
      retryRefused,
      lane,
      ...(limit !== undefined && { limit }),
    };
    if (trouble !== undefined) this.sandbox.fail(TROUBLES[trouble]!);
    const { client, destinationId } = this.#stage;
    const contacts = allowMassRemoval ? 1_000 : 0;
    const handle =
      undoes === undefined
        ? await client.start(destinationId, { options })
        : await client.startUndo(destinationId, {
            exportId: this.#exports.get(undoes)!,
            number: undoes,
            undoneBy: 'tester',
            contacts,
          });
    const report = await this.#follow(handle, answer);
    this.#exports.set(report.number, report.exportId);
    const baseline = report.isSettled ? await readBaseline(this.#folder, report) : null;
    const created = report.isSettled ? await readCreated(this.#folder, report) : null;
    const words = inWords(report, await this.#rows(report));
    return { ...words, baseline, created, isRemoved: false, unanswered: () => null };
  }

  get #folder(): string {
    return this.#stage.config.staging!.folder!;
  }

  async verify({ repair }: { readonly repair: boolean }): Promise<VerifyResult> {
    const { client, destinationId } = this.#stage;
    const report = await reportOf(await client.verify(destinationId, repair ? { repair } : {}));
    const isFound = report.verification?.baseline != null;
    const rows = isFound ? await this.#inStore((staging) => staging.readDrift(report, {})) : [];
    return verificationInWords(report, rows);
  }

  async forget(person: Named, { mailchimp, keepOut }: ForgetOrder): Promise<ForgetAnswer> {
    const { client, destinationId } = this.#stage;
    const asked = { person, mailchimp, keepOut, by: 'tester' };
    const requestId = await this.#inStore((staging) => staging.stageForget(destinationId, asked));
    const { forgotten } = await reportOf(await client.startForget(destinationId, { requestId }));
    return { isKeptOut: forgotten!.isKeptOut };
  }

  async suppress(list: SuppressionList, entry: string): Promise<void> {
    const scope = await this.#scopeOf(list);
    await this.#inStore((staging) => staging.suppress(scope, { entries: [entry], by: 'tester', reason: '' }));
  }

  async lift(list: SuppressionList, entry?: string): Promise<void> {
    const scope = await this.#scopeOf(list);
    await this.#inStore((staging) => staging.unsuppress(scope, entry === undefined ? undefined : [entry]));
  }

  async #scopeOf(list: SuppressionList): Promise<SuppressionScope> {
    const { client, destinationId } = this.#stage;
    if (list === 'store') return { store: true };
    if (list === 'destination') return { destinationId };
    return { accountId: (await client.describe(destinationId)).accountId };
  }

  async #follow(handle: ExportHandle, answer: Order['answer']): Promise<ExportReport> {
    let isDecided = false;
    for await (const view of handle.follow()) {
      const held = heldIn(view);
      if (!held || isDecided) continue;
      const decision = { planId: held.planId, by: 'tester' };
      await untilAnswered<unknown>(() =>
        answer === 'approved' ? handle.approve(decision) : handle.deny(decision),
      );
      isDecided = true;
    }
    return reportOf(handle);
  }

  async #rows(report: ExportReport) {
    if (!report.isSettled) return [];
    return this.#inStore((staging) => staging.readFailures(report, { outcomes: OUTCOMES }));
  }

  async #inStore<Result>(work: (staging: Staging) => Promise<Result>): Promise<Result> {
    const staging = await openStaging({ store: new FolderStore(this.#folder), memoryLimit: '256MB' });
    try {
      return await work(staging);
    } finally {
      await staging.close();
    }
  }

  async remove(): Promise<void> {
    await this.#stage.client.remove(this.#stage.destinationId, { removedBy: 'tester' });
  }

  passTime(): void {
    throw new Error('time passes by itself here');
  }

  during<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#stage.withWorker(work);
  }

  close(): Promise<void> {
    return this.#stage.close();
  }
}
