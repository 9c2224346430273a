import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { exportWorkflowId } from '../../src/contract/identifiers';
import type { ExportReport } from '../../src/contract/report';
import type { Sandbox } from '../../src/sandbox';
import {
  AUDIENCE,
  CONFIGURE,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  person,
  reportOf,
  type Stage,
} from '../support/stage';
import { until } from '../support/until';
import { untilAnswered } from '../support/until-answered';
import { startWorker } from './killed-worker';

/** Every step of an undo that gives values back, takes tags off and archives. */
const STEPS = [
  'preflight',
  'takeCensus',
  'takeSnapshot',
  'planExport',
  'sendCanary',
  'archiveChunks',
  'settleExport',
] as const;
/** Each step is interrupted once, one way or the other. */
const CASES = STEPS.map((step, index) => ({
  step,
  how: index % 2 === 0 ? ('terminated' as const) : ('cancelled' as const),
}));
type Case = (typeof CASES)[number];

/** Nothing here is about batches, and they would take most of the time. */
const DIRECT = { lane: 'direct' } as const;

const audienceOf = (index: number) => `c417f2${String(index).padStart(4, '0')}`;
const MERGE_FIELDS = ['FNAME', 'LNAME', 'COUNTRY'].map((tag) => ({ tag, name: tag, type: 'text' as const }));
const AUDIENCES = [...CASES.keys(), CASES.length].map((index) => ({
  id: audienceOf(index),
  name: audienceOf(index),
  mergeFields: MERGE_FIELDS,
}));

/** All but who was created since, and is archived again. */
const audience = (sandbox: Sandbox, id: string) =>
  [...sandbox.members(id)]
    .filter(({ status }) => status !== 'archived')
    .map(({ email, status, tags, mergeFields }) =>
      JSON.stringify([email, status, tags.toSorted(), mergeFields]),
    )
    .toSorted();

const writeFirst = async (stage: Stage) => {
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
};

/** Names and segments change, two leave, and others come. No segment becomes empty, since that would hold the export. */
const writeSecond = async (stage: Stage) => {
  const come = [21, 22, 23].map((number) => person(number));
  const stay = CROWD.slice(2).map((row) => ({ ...row, first: 'Changed' }));
  await stage.writeProfiles([...stay, ...come]);
  await stage.writeMembers(
    [...stay, ...come].map(({ id }, index) => [id, index === 0 ? 'north' : 'vip'] as const),
  );
};

interface Ready {
  readonly destinationId: string;
  readonly audienceId: string;
  readonly before: readonly string[];
  readonly second: ExportReport;
}

/** Exports the first and the second state of the source, for some destinations at once, each to an audience of its own. */
async function exportBoth(stage: Stage, indexes: readonly number[]): Promise<Ready[]> {
  const { client, sandbox } = stage;
  const idOf = (index: number) => `${stage.destinationId}-${index}`;
  await writeFirst(stage);
  const before = await Promise.all(
    indexes.map(async (index) => {
      const audienceId = audienceOf(index);
      await untilAnswered(() => client.connect(idOf(index), { ...CONNECT, audienceId }));
      await untilAnswered(() => client.configure(idOf(index), CONFIGURE));
      await (await untilAnswered(() => client.start(idOf(index), { options: DIRECT }))).result();
      return audience(sandbox, audienceId);
    }),
  );
  await writeSecond(stage);
  return Promise.all(
    indexes.map(async (index, at) => ({
      destinationId: idOf(index),
      audienceId: audienceOf(index),
      before: before[at]!,
      second: await (await untilAnswered(() => client.start(idOf(index), { options: DIRECT }))).result(),
    })),
  );
}

const undoOf = ({ exportId, number }: ExportReport) => ({ exportId, number, undoneBy: 'Kim', contacts: 100 });

/** Interrupts one undo, and repeats it until it has nothing to do. @returns what is wrong */
async function interrupt(stage: Stage, { step, how }: Case, ready: Ready): Promise<string[]> {
  const { client, temporal, sandbox } = stage;
  const { destinationId, audienceId, before, second } = ready;
  const start = () => untilAnswered(() => client.startUndo(destinationId, undoOf(second)));
  await start();
  const running = temporal.workflow.getHandle(exportWorkflowId(destinationId));
  await until(async () => {
    const { events } = await running.fetchHistory();
    const names = events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    return names?.includes(`mailchimp.${step}`);
  });
  // It may have ended since.
  await (how === 'terminated' ? running.terminate('by the test') : running.cancel()).catch(() => undefined);
  await until(async () => !(await client.describe(destinationId)).running);
  const repeated = await reportOf(await start());
  const again = await reportOf(await start());
  const { created, updated, removed, archived } = again.outcomes;
  return [
    ...(repeated.status === 'completed' ? [] : [`the repeated undo is ${repeated.status}`]),
    ...(repeated.mismatches.length === 0 ? [] : [repeated.mismatches.join('; ')]),
    ...(created + updated + removed + archived === 0 ? [] : ['there was something left to take back']),
    ...(JSON.stringify(audience(sandbox, audienceId)) === JSON.stringify(before)
      ? []
      : ['the audience is not as it was before']),
  ].map((fault) => `${how} in ${step}: ${fault}`);
}

test('an undo that is interrupted in any of its steps is gone on with until the audience is as it was', async () => {
  const stage = await openStage({ sandbox: { audiences: AUDIENCES, connectionLimit: 100 } });
  try {
    const wrong = await stage.withWorker(async () => {
      const ready = await exportBoth(stage, [...CASES.keys()]);
      const found: string[] = [];
      const queue = CASES.entries();
      const work = async () => {
        for (const [index, one] of queue)
          found.push(
            ...(await interrupt(stage, one, ready[index]!).catch((error: unknown) => [
              `${one.how} in ${one.step}: ${String(error)}`,
            ])),
          );
      };
      await Promise.all([work(), work(), work()]);
      return found;
    });
    expect(wrong).toEqual([]);
  } finally {
    await stage.close();
  }
}, 600_000);

test('an undo whose worker is killed while it archives goes on with the next worker', async () => {
  const stage = await openStage({ sandbox: { audiences: AUDIENCES } });
  const configFile = join(stage.folder, 'temporal-mailchimp.yaml');
  const temporal = { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue };
  await writeFile(configFile, stringify({ ...stage.config, temporal }));
  const workers = [await startWorker(configFile)];
  try {
    const [ready] = (await exportBoth(stage, [CASES.length])) as [Ready];
    const { destinationId, audienceId, before, second } = ready;
    stage.sandbox.fail('delay 1500 ms on DELETE /lists/*/members/*');
    const handle = await stage.client.startUndo(destinationId, undoOf(second));
    await until(async () =>
      stage.sandbox
        .requests()
        .some(({ method, route }) => method === 'DELETE' && route.startsWith('/lists/')),
    );
    await workers[0]!.kill();
    workers.push(await startWorker(configFile));
    const report = await reportOf(handle);
    expect(report).toMatchObject({ status: 'completed', mismatches: [], outcomes: { archived: 3 } });
    expect(audience(stage.sandbox, audienceId)).toEqual(before);
    expect(await reportOf(await stage.client.startUndo(destinationId, undoOf(second)))).toMatchObject({
      outcomes: { updated: 0, removed: 0, archived: 0 },
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
    await stage.close();
  }
});

test('exports are taken back from the latest on, each to the state before it', async () => {
  const stage = await openStage();
  const now = () => audience(stage.sandbox, AUDIENCE);
  const undo = async (report: ExportReport) =>
    reportOf(await stage.client.startUndo(stage.destinationId, undoOf(report)));
  try {
    await writeFirst(stage);
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const first = await stage.export(DIRECT);
      const afterFirst = now();
      await writeSecond(stage);
      const second = await stage.export(DIRECT);
      const afterSecond = now();
      await stage.writeMembers(
        CROWD.slice(3).map(({ id }, index) => [id, index === 0 ? 'vip' : 'north'] as const),
      );
      const third = await stage.export(DIRECT);
      expect((await stage.export(DIRECT)).outcomes).toMatchObject({ created: 0, updated: 0, removed: 0 });

      expect(await undo(second)).toMatchObject({ status: 'failed', failure: { code: 'UNDO_BLOCKED' } });
      expect((await undo(third)).status).toBe('completed');
      expect(now()).toEqual(afterSecond);
      expect((await undo(second)).status).toBe('completed');
      expect(now()).toEqual(afterFirst);
      expect(await undo(first)).toMatchObject({ outcomes: { archived: CROWD.length } });
      expect(now()).toEqual([]);
    });
  } finally {
    await stage.close();
  }
});
