import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { mapAtOnce } from '../../src/activities/map-at-once';
import type { ExportRef } from '../../src/contract/identifiers';
import { OUTCOMES } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import type { FailureRow } from '../../src/ports/staging';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { generateProfiles, type GeneratedProfiles } from '../../src/dev/profiles';
import { FolderStore, openStaging } from '../../src/staging';
import { callMailchimp } from '../support/mailchimp';
import { AUDIENCE, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';
import { untilAnswered } from '../support/until-answered';

const PROFILES = 20_000;

/** Most of the time passes until Temporal notices that a worker is gone, but more than these would wait for the processor. */
const EXPORTS_AT_ONCE = 6;

/** Far shorter than any of the moments, so that none is missed. */
const LOOK_EVERY_MS = 5;
const WORKER = resolve(__dirname, '../../dist/dev/programs/worker-process.js');

/** Where a worker may be when it is killed, read from what the export has left so far in staging or at the sandbox. */
interface Moment {
  /** The worker has begun it. */
  readonly has: (scene: Scene) => boolean;
  /** The worker has finished it: the kill came too late. */
  readonly isOver: (scene: Scene) => boolean;
  /** What happened at this destination before; the export is compared with one after the same history. */
  readonly after?: History;
  /** Makes the moment long enough to kill the worker in it. */
  readonly before?: (stage: Stage) => void;
  /** @default batch */
  readonly lane?: 'direct';
}

interface Scene {
  readonly stage: Stage;
  /** Folder of the export in staging. */
  readonly folder: string;
  /** Names in the folder of the attempts at the steps of its exports. */
  readonly attempts: () => readonly string[];
}

/** What happened at a destination before the export whose worker is killed. */
const HISTORIES = {
  nothing: async (stage: Stage, { segments }: GeneratedProfiles) => {
    await stage.configure({ ...CHOICE, segments: tagged(segments) });
  },
  'an export cancelled while Mailchimp had its batch': async (stage: Stage, input: GeneratedProfiles) => {
    await HISTORIES.nothing(stage, input);
    stage.sandbox.fail({ effect: { type: 'stuckBatch' } });
    // By itself, an export may send a chunk directly beside the batch, or may not.
    const { id: exportId } = await stage.client.start(stage.destinationId, { options: { lane: 'batch' } });
    await until(() => Promise.resolve(sandboxState(stage).batches.length > 0));
    await stage.handle(exportId).cancel();
    const { outcomes } = await stage.follow(exportId);
    if (outcomes.unproven < PROFILES / 2) throw new Error('the batch was not with Mailchimp');
  },
  'a tag adopted and renamed': async (stage: Stage, input: GeneratedProfiles) => {
    const { sandbox } = stage;
    await callMailchimp(sandbox, `POST /lists/${AUDIENCE}/segments`, { name: 'Old', static_segment: [] });
    const segments = { ...tagged(input.segments), [input.segments[0]!]: 'Old' };
    await stage.configure({ ...CHOICE, segments, adoptTags: true });
    await HISTORIES.nothing(stage, input);
  },
} as const;
type History = keyof typeof HISTORIES;

const CHOICE = { email: 'Email', fields: { FNAME: 'FirstName', LNAME: 'LastName', COUNTRY: 'Country' } };

/** Each segment with a tag of its own name. */
function tagged(segments: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(segments.map((segment) => [segment, null]));
}

export const MOMENTS: Readonly<Record<string, Moment>> = {
  'checks account, audience, fields and tags': {
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on GET /lists/*'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => existsSync(join(folder, 'drained.json')),
  },
  'drains the writes of an earlier export': {
    after: 'an export cancelled while Mailchimp had its batch',
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on GET /batches**'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => existsSync(join(folder, 'drained.json')),
  },
  'renames a tag': {
    after: 'a tag adopted and renamed',
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on PATCH /lists/*/segments/*'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => holds(join(folder, 'results'), /^chunk-/),
  },
  'takes the census': {
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on GET /lists/*/members'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => existsSync(join(folder, 'census.json')),
  },
  'takes the snapshot': {
    has: ({ attempts }) => attempts().some((name) => name.startsWith('snapshot-')),
    isOver: ({ folder }) => existsSync(join(folder, 'snapshot.json')),
  },
  'plans the export': {
    has: ({ attempts }) => attempts().some((name) => name.startsWith('plan-')),
    isOver: ({ folder }) => existsSync(join(folder, 'plan.json')),
  },
  'sends the canary': {
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on POST /lists/*'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => holds(join(folder, 'results'), /^chunk-/),
  },
  'sends chunks directly': {
    lane: 'direct',
    before: ({ sandbox }) => sandbox.control.set({ operationMs: 200 }),
    has: ({ stage }) => stage.sandbox.state(AUDIENCE).members > PROFILES / 4,
    isOver: ({ stage }) => stage.sandbox.state(AUDIENCE).members > (PROFILES * 3) / 4,
  },
  'waits for the reply that names the batch': {
    // The sandbox accepts the batch at once and replies late, as Mailchimp may.
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on POST /batches'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => existsSync(join(folder, 'batches/part-1.json')),
  },
  'waits while a batch is half done at Mailchimp': {
    before: ({ sandbox }) => sandbox.control.set({ operationMs: 60 }),
    has: ({ stage }) => stage.sandbox.state(AUDIENCE).members > PROFILES / 4,
    isOver: ({ stage }) => stage.sandbox.state(AUDIENCE).members > (PROFILES * 3) / 4,
  },
  'polls a batch': {
    before: ({ sandbox }) => sandbox.fail('delay 1500 ms on GET /batches/*'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => holds(join(folder, 'results'), /^part-/),
  },
  'reads the results of a batch': {
    // The first download breaks off in the middle, so that the worker reads longer.
    before: ({ sandbox }) => sandbox.fail('truncated download'),
    has: ({ stage }) => sandboxState(stage).faults.length === 0,
    isOver: ({ folder }) => holds(join(folder, 'results'), /^part-/),
  },
  settles: {
    has: ({ attempts }) => attempts().some((name) => name.startsWith('settle-')),
    isOver: ({ folder }) => existsSync(join(folder, 'baseline.json')),
  },
};

function sandboxState({ sandbox }: Stage) {
  return sandbox.control.state() as { faults: unknown[]; batches: unknown[] };
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function holds(folder: string, name: RegExp): boolean {
  return names(folder).some((found) => name.test(found));
}

/** What an export left. */
interface End {
  readonly report: ExportReport;
  readonly members: readonly string[];
  readonly subjects: readonly FailureRow[];
  readonly batches: number;
}

async function exportAfter(history: History, input: GeneratedProfiles, moment?: Moment): Promise<End> {
  const stage = await openStage({ sandbox: { replies: 'lean' } });
  const workers: OwnedProcess[] = [];
  try {
    const configFile = await writeConfig(stage, input);
    workers.push(await startWorker(configFile));
    // A dozen workers start at once: the first request may come too soon for its own.
    await untilAnswered(() => stage.connect());
    await HISTORIES[history](stage, input);
    moment?.before?.(stage);
    const options = moment?.lane ? { lane: moment.lane } : {};
    const { id: exportId } = await stage.client.start(stage.destinationId, { options });
    const ref = { destinationId: stage.destinationId, exportId };
    if (moment) {
      const scratch = join(stage.folder, 'staging/scratch');
      const scene = {
        stage,
        folder: exportFolder(stage, ref),
        attempts: () =>
          names(scratch).flatMap((worker) => names(join(scratch, worker, 'attempts', ref.destinationId))),
      };
      await killAt(moment, scene, { worker: workers[0]!, hasEnded: endOf(stage, exportId) });
      workers.push(await startWorker(configFile));
    }
    return await readEnd(stage, ref);
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    await stage.close();
  }
}

async function killAt(
  { has, isOver }: Moment,
  scene: Scene,
  { worker, hasEnded }: { readonly worker: OwnedProcess; readonly hasEnded: () => boolean },
): Promise<void> {
  while (!has(scene)) {
    if (hasEnded()) throw new Error(`The moment did not come. The worker wrote:\n${worker.output()}`);
    await delay(LOOK_EVERY_MS);
  }
  await worker.kill();
  expect(await worker.ended).toBe('signal SIGKILL');
  // A kill after the moment tests nothing.
  expect(isOver(scene)).toBe(false);
}

/** Tells whether an export has ended. */
function endOf(stage: Stage, exportId: string): () => boolean {
  let hasEnded = false;
  void stage.follow(exportId).then(
    () => (hasEnded = true),
    () => (hasEnded = true),
  );
  return () => hasEnded;
}

async function writeConfig(stage: Stage, input: GeneratedProfiles): Promise<string> {
  const members = { path: input.membershipFile, key: 'CustomerId', segment: 'Segment' };
  // All exports run at once, each with a batch of megabytes: a short limit would give up on requests that only wait for the CPU.
  Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: 30 });
  const config = {
    ...stage.config,
    temporal: { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue },
    sources: {
      people: {
        kind: 'files',
        profiles: { path: input.profilesFile, key: 'CustomerId' },
        segments: Object.fromEntries(input.segments.map((segment) => [segment, { members }])),
      },
    },
  };
  const path = join(stage.folder, 'temporal-mailchimp.yaml');
  await writeFile(path, stringify(config));
  return path;
}

/** Runs a worker in a process of its own. */
export async function startWorker(configFile: string): Promise<OwnedProcess> {
  const worker = await spawnOwned({ command: process.execPath, args: [WORKER, configFile] });
  let how: string | undefined;
  void worker.ended.then((end) => (how = end));
  await until(async () => how !== undefined || /^ready$/m.test(worker.output()));
  if (how !== undefined) throw new Error(`The worker ended (${how}):\n${worker.output()}`);
  return worker;
}

function exportFolder({ folder }: Stage, { destinationId, exportId }: ExportRef): string {
  return join(folder, 'staging/destinations', destinationId, 'exports', exportId);
}

async function readEnd(stage: Stage, ref: ExportRef): Promise<End> {
  const report = await stage.follow(ref.exportId);
  const members = [...stage.sandbox.members(AUDIENCE)].map(({ email, status, mergeFields, tags }) =>
    JSON.stringify({ email, status, mergeFields, tags: tags.toSorted() }),
  );
  const staging = await openStaging({
    store: new FolderStore(join(stage.folder, 'staging')),
    memoryLimit: '256MB',
  });
  try {
    const subjects = await staging.readFailures(ref, { outcomes: OUTCOMES });
    const { batches } = sandboxState(stage);
    return { report, members: members.toSorted(), subjects, batches: batches.length };
  } finally {
    await staging.close();
  }
}

/** Without requests and times: an export whose worker is killed makes more requests and takes longer. */
function countsOf({ report }: End) {
  const { status, selected, departed, outcomes, memberStatuses, invalid, refusals, warnings, baselineSize } =
    report;
  const segments = report.segments.map((segment) => ({ ...segment, tagId: 0 }));
  return {
    status,
    selected,
    departed,
    outcomes,
    memberStatuses,
    invalid,
    refusals,
    warnings,
    baselineSize,
    segments,
  };
}

/** The tests tell how each of the exports ended: a failed one does not keep the others from running. */
async function keep<Name>(ends: Map<Name, Promise<End>>, name: Name, end: Promise<End>): Promise<void> {
  ends.set(name, end);
  await Promise.allSettled([end]);
}

const historyOf = (moment: string): History => MOMENTS[moment]?.after ?? 'nothing';

/** Kills the worker of an export at each of the moments, and compares with exports whose worker runs on. */
export function describeKilledWorker(moments: readonly string[]): void {
  describe(`an export of ${PROFILES} profiles whose worker is killed`, () => {
    let folder: string;
    const undisturbed = new Map<History, Promise<End>>();
    const killed = new Map<string, Promise<End>>();

    const expectedOf = (name: string) => undisturbed.get(historyOf(name))!;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'killed-worker-'));
      const input = await generateProfiles({ profiles: PROFILES, seed: 7, folder });
      const histories = [...new Set<History>(['nothing', ...moments.map(historyOf)])];
      const exports = [
        ...histories.map((history) => () => keep(undisturbed, history, exportAfter(history, input))),
        ...moments.map(
          (name) => () => keep(killed, name, exportAfter(historyOf(name), input, MOMENTS[name])),
        ),
      ];
      await mapAtOnce(exports, EXPORTS_AT_ONCE, (runExport) => runExport());
    }, 900_000);

    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    test('is compared with one that gives every profile an outcome and creates most of them', async () => {
      const { report, members, subjects } = await undisturbed.get('nothing')!;
      expect(report).toMatchObject({ status: 'completed', selected: PROFILES, departed: 0 });
      expect(report.outcomes.created).toBe(members.length);
      expect(report.outcomes.created).toBeGreaterThan(PROFILES * 0.9);
      expect(report.outcomes.invalid).toBeGreaterThan(0);
      expect(report.outcomes.duplicate).toBeGreaterThan(0);
      expect(subjects).toHaveLength(PROFILES);
    });

    test.each(moments)('leaves the same report and audience when the worker %s', async (name) => {
      const [end, expected] = await Promise.all([killed.get(name)!, expectedOf(name)]);
      expect(countsOf(end)).toEqual(countsOf(expected));
      // Not toEqual of the lists: jest takes minutes to show the difference of 20,000 lines.
      const known = new Set(expected.members);
      expect(end.members.filter((member) => !known.has(member)).slice(0, 3)).toEqual([]);
      expect(end.members).toHaveLength(expected.members.length);
    });

    test.each(moments)('gives each profile the same single outcome when the worker %s', async (name) => {
      const [end, expected] = await Promise.all([killed.get(name)!, expectedOf(name)]);
      const { selected, departed, outcomes } = end.report;
      const sum = Object.values(outcomes).reduce((total, count) => total + count, 0);
      expect(sum).toBe(selected + departed);
      expect(new Set(end.subjects.map(({ key }) => key)).size).toBe(selected);
      expect(end.subjects).toHaveLength(selected);
      const byKey = new Map(expected.subjects.map(({ key, outcome }) => [key, outcome]));
      const different = end.subjects.filter(({ key, outcome }) => byKey.get(key) !== outcome);
      expect(different.slice(0, 3)).toEqual([]);
    });

    test('submits no batch twice, even when the reply that names it is lost', async () => {
      // The last chunk of the upserts is a part of its own.
      expect((await undisturbed.get('nothing')!).batches).toBe(2);
      for (const [name, end] of killed) {
        const batches = MOMENTS[name]?.lane === 'direct' ? 0 : (await expectedOf(name)).batches;
        expect({ name, batches: (await end).batches }).toEqual({ name, batches });
      }
    });
  });
}
