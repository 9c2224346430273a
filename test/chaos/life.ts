import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { stringify } from 'yaml';
import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import { FolderStore, openStaging } from '../../src/staging';
import { inWords } from '../model/answer';
import { exposeLate } from '../model/baseline';
import { exportOnce } from '../model/model';
import { audienceOf } from '../model/audience';
import { ATTRIBUTES, audienceSeed, membersOf, SOURCE, writeSource } from '../model/scene';
import { THROTTLED_MS } from '../model/steps';
import type { World } from '../model/world';
import type { FailureRow } from '../../src/ports/staging';
import { AUDIENCE, CONNECT, openStage, reportOf, type Stage } from '../support/stage';
import { untilAnswered } from '../support/until-answered';
import { type Choices, chooseExport } from './choices';
import { type Deed, randomWorld } from './people';
import { type Server, WorkerProcess } from './processes';
import { Random } from './random';
import { count, type Tally, Weather } from './weather';

/** An export that takes longer waits for something that never happens: most take seconds, on a slow machine a few minutes. */
export const LONGEST_MS = 900_000;
const MOST_EXPORTS = 12;

export interface LifeOptions {
  readonly seed: number;
  readonly server: Server;
  readonly tally: Tally;
  /** Whether another export may begin. The first one always may. */
  readonly goesOn: () => boolean;
}

/**
 * One destination from its first export on, with two workers, in bad weather. After each export its report and the audience are compared
 * with the model.
 * @throws Error of the first difference
 */
export async function live({ seed, server, tally, goesOn }: LifeOptions): Promise<void> {
  const random = new Random(seed);
  const world = randomWorld(random);
  const sandbox = { audiences: [audienceSeed(world, AUDIENCE)] };
  const stage = await server.connect((address) => openStage({ address, sandbox }));
  const workers: WorkerProcess[] = [];
  try {
    const configFile = await writeConfig(stage, server.address);
    await writeSource(stage.folder, world.profiles.values());
    for (const _ of [1, 2]) workers.push(await WorkerProcess.start(configFile));
    const life = new Life({
      stage,
      world,
      random,
      tally,
      scene: { sandbox: stage.sandbox, workers, server },
    });
    await life.connect();
    const exports = random.between(2, MOST_EXPORTS);
    for (let place = 0; place < exports && (place === 0 || goesOn()); place += 1) {
      await life.export(place);
      count(tally, 'exports');
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await stage.close();
  }
}

async function writeConfig(stage: Stage, address: string): Promise<string> {
  // Long enough that a busy machine is not mistaken for a request without an answer.
  Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: 10 });
  const config = {
    ...stage.config,
    temporal: { address, taskQueue: stage.taskQueue },
    sources: { people: SOURCE },
  };
  const path = join(stage.folder, 'temporal-mailchimp.yaml');
  await writeFile(path, stringify(config));
  return path;
}

interface LifeParts {
  readonly stage: Stage;
  readonly world: World;
  readonly random: Random;
  readonly tally: Tally;
  readonly scene: ConstructorParameters<typeof Weather>[0];
}

class Life {
  readonly #parts: LifeParts;

  constructor(parts: LifeParts) {
    this.#parts = parts;
  }

  async connect(): Promise<void> {
    const { stage, world } = this.#parts;
    const { client, destinationId } = stage;
    const statusIfNew = world.statusIfNew as 'subscribed';
    await untilAnswered(() => client.connect(destinationId, { ...CONNECT, statusIfNew }));
    const { fields, segments } = world.config;
    await untilAnswered(() =>
      client.configure(destinationId, {
        email: 'email',
        fields: Object.fromEntries(fields.map((tag) => [tag, ATTRIBUTES[tag]!])),
        segments: { ...segments },
        adoptTags: true,
        guards: { removalShare: 1 },
      }),
    );
  }

  async export(place: number): Promise<void> {
    const { stage, world, random } = this.#parts;
    const choices = chooseExport(world, random, { isFirst: place === 0 });
    for (const deed of choices.deedsBefore) this.#act(deed);
    await writeSource(stage.folder, world.profiles.values());
    const report = await this.#run(choices).catch((error: Error) => {
      throw inExport(place, choices, error);
    });
    await check(this.#parts, { report, ...choices }).catch((error: Error) => {
      throw inExport(place, choices, error);
    });
  }

  /** Exports in bad weather; afterwards the weather is fine. */
  async #run(choices: Choices): Promise<ExportReport> {
    const { stage, world, tally, scene } = this.#parts;
    const { sandbox } = stage;
    sandbox.control.set(choices.settings);
    for (const { name, rule } of choices.faults) {
      count(tally, name);
      sandbox.fail(rule);
    }
    const weather = new Weather(scene, tally);
    for (const deed of choices.deeds) weather.addDeed(deed.atMs, deed.action, () => this.#act(deed));
    weather.addBlows(choices);
    world.now = Date.now();
    weather.begin();
    let report: ExportReport;
    try {
      report = await this.#follow(choices.order);
    } finally {
      await weather.end();
    }
    sandbox.clearFaults();
    sandbox.control.releaseBatches();
    for (const worker of scene.workers) {
      const how = await worker.ownEnd();
      if (how !== undefined) throw new Error(`a worker ended by itself: ${how}`);
    }
    return report;
  }

  #act({ email, action, tag }: Deed): void {
    const mergeFields = { FNAME: 'Edited' };
    const { sandbox } = this.#parts.stage;
    sandbox.control.act({
      audience: AUDIENCE,
      email,
      action,
      tag,
      mergeFields,
      seconds: THROTTLED_MS / 1000,
    });
  }

  async #follow(options: object): Promise<ExportReport> {
    const { client, destinationId } = this.#parts.stage;
    const handle = await untilAnswered(() => client.start(destinationId, { options }));
    const tooLong = delay(LONGEST_MS, undefined, { ref: false }).then(async () => {
      const { running } = await client.describe(destinationId);
      throw new Error(`the export has not ended after ${LONGEST_MS / 1000} s: ${JSON.stringify(running)}`);
    });
    return Promise.race([reportOf(handle), tooLong]);
  }
}

interface Done extends Pick<Choices, 'order' | 'deeds'> {
  readonly report: ExportReport;
}

/** Says in which export of the life something was wrong, and what was chosen for it. */
function inExport(place: number, choices: Choices, { stack }: Error): Error {
  return new Error(`export ${place + 1} of this destination, ${JSON.stringify(choices)}\n${stack}`);
}

/** Compares report, outcomes and audience with the model, which then is one export further. */
async function check({ stage, world, tally }: LifeParts, { report, order, deeds }: Done): Promise<void> {
  const { result, sum, subjects } = inWords(report, await rowsOf(stage, report));
  if ((await exposeLate(world, stage.config.staging!.folder!, report)) > 0)
    count(tally, 'late writes of an export before');
  const withheld = withheldOf(world, deeds, result.subjects);
  const expected = exportOnce(world, {
    ...order,
    retryRefused: false,
    answer: 'approved',
    isCancelled: false,
    // Who opts out between the census and the part is withheld; who does before or after gets what was planned.
    unanswered: (address, tag) => (tag === undefined && withheld.has(address) ? WITHHELD : null),
  });
  const { status } = expected;
  const differing = differences(result.subjects, expected.subjects);
  expect({ status: result.status, failure: report.failure, ...differing }).toEqual({ status, ...SAME });
  expect(sum).toBe(subjects);
  expect(result.pairs).toEqual(expected.pairs);
  // A contact that opts out at that moment is counted by the status before or after.
  if (deeds.every(({ action }) => action === 'tag' || action === 'untag'))
    expect(result.memberStatuses).toEqual(expected.memberStatuses);
  if (result.subjects.length > 0) for (const tag of Object.values(world.config.segments)) world.made.add(tag);
  const audience = linesOf(membersOf(stage.sandbox, AUDIENCE));
  expect(differences(audience, linesOf(audienceOf(world.members)))).toEqual(SAME);
}

async function rowsOf({ config }: Stage, report: ExportReport): Promise<readonly FailureRow[]> {
  if (!report.isSettled) return [];
  const store = new FolderStore(config.staging!.folder!);
  const staging = await openStaging({ store, memoryLimit: '256MB' });
  try {
    return await staging.readFailures(report, { outcomes: OUTCOMES });
  } finally {
    await staging.close();
  }
}

const WITHHELD = 'suppressed opted_out';

/** Those who opted out in mid-export and were withheld. */
function withheldOf(world: World, deeds: readonly Deed[], subjects: readonly string[]): ReadonlySet<string> {
  const leavers = new Set(deeds.filter(({ action }) => action === 'unsubscribe').map(({ email }) => email));
  const found = new Set(subjects);
  const withheld = [...world.profiles.values()].filter(
    ({ key, text, address }) => leavers.has(address) && found.has(`${key}, ${text}: ${WITHHELD}`),
  );
  return new Set(withheld.map(({ address }) => address));
}

const SAME = { missing: [], unexpected: [] };

/** The first few, since jest takes minutes to show the difference of long lists. */
function differences(found: readonly string[], expected: readonly string[]) {
  const [there, wanted] = [new Set(found), new Set(expected)];
  return {
    missing: expected.filter((one) => !there.has(one)).slice(0, 5),
    unexpected: found.filter((one) => !wanted.has(one)).slice(0, 5),
  };
}

function linesOf(members: Readonly<Record<string, string>>): string[] {
  return Object.entries(members).map(([address, member]) => `${address}: ${member}`);
}

/** Lends a temporary folder. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
