import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportOptionsInput } from '../../src/contract/export-options';
import type { ExportReport } from '../../src/contract/report';
import type { Sandbox, SandboxSwitches } from '../../src/sandbox';
import { FolderStore, openStaging } from '../../src/staging';
import { heldIn } from '../support/export-state';
import { AUDIENCE, CONNECT, openStage, reportOf, type Stage } from '../support/stage';
import { untilAnswered } from '../support/until-answered';
import { inWords, type Answer } from './answer';
import { readBaseline, readCreated } from './baseline';
import { TROUBLES } from './conditions';
import type { Exporter } from './run-case';
import { ATTRIBUTES, audienceSeed, SOURCE, writeSource } from './scene';
import type { Order } from './steps';
import type { Profile, World } from './world';

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

  async export({
    trouble,
    answer,
    allowMassRemoval,
    census,
    retryRefused,
    lane,
    limit,
  }: Order): Promise<Answer> {
    const options = { allowMassRemoval, census, retryRefused, lane, ...(limit !== undefined && { limit }) };
    if (trouble !== undefined) this.sandbox.fail(TROUBLES[trouble]!);
    const report = await this.#follow(options, answer);
    const baseline = report.isSettled ? await readBaseline(this.#folder, report) : null;
    const created = report.isSettled ? await readCreated(this.#folder, report) : null;
    const words = inWords(report, await this.#rows(report));
    return { ...words, baseline, created, isRemoved: false, unanswered: () => null };
  }

  get #folder(): string {
    return this.#stage.config.staging!.folder!;
  }

  async #follow(options: ExportOptionsInput, answer: Order['answer']): Promise<ExportReport> {
    const { client, destinationId } = this.#stage;
    const handle = await client.start(destinationId, { options });
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
    const staging = await openStaging({ store: new FolderStore(this.#folder), memoryLimit: '256MB' });
    try {
      return await staging.readFailures(report, { outcomes: OUTCOMES });
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
