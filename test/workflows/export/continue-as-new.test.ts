import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import type { ExportView } from '../../../src/client';
import { noOutcomes } from '../../../src/contract/outcome';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import { type OwnedProcess, spawnOwned } from '../../../src/dev/owned-process';
import { freePort } from '../../../src/dev/dev-server';
import { findTemporalBinary } from '../../../src/dev/temporal-binary';
import { postsTo } from '../../support/mailchimp';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** Rows of a full part: 50 chunks of 500. */
const PART = 25_000;

/** Number of new contacts that are sent first and read back. */
const FIRST = 5;

/** The server suggests a hand-over at so many events instead of 4,096: before the first batch, and after a few looks at it. */
const SUGGESTED_AT = 36;

let server: OwnedProcess;
let address: string;
let stage: Stage;

beforeAll(async () => {
  const port = await freePort();
  address = `127.0.0.1:${port}`;
  server = await spawnOwned({
    command: await findTemporalBinary(),
    args: [
      `server start-dev --headless --ip 127.0.0.1 --port ${port} --log-level error --dynamic-config-value`,
      `limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT}`,
    ].flatMap((text) => text.split(' ')),
  });
  await until(() => answers());
});

async function answers(): Promise<boolean> {
  const connection = Connection.lazy({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

afterAll(async () => {
  await server.kill();
});

beforeEach(async () => {
  stage = await openStage({ address, sandbox: { replies: 'lean' } });
});

afterEach(async () => {
  await stage.close();
});

const holdBatches = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
const releaseBatches = () => stage.sandbox.control.set({ batchPolls: 0 });

async function writePeople(count: number): Promise<void> {
  const people = Array.from({ length: count }, (_, index) => person(index + 1));
  await stage.writeProfiles(people);
  await stage.writeMembers(people.map(({ id }) => [id, 'vip'] as const));
}

/** Lengths of the histories of the chain of runs. */
async function runs(): Promise<number[]> {
  const lengths: number[] = [];
  const query = `WorkflowId = '${exportWorkflowId(stage.destinationId)}'`;
  for await (const { historyLength } of stage.temporal.workflow.list({ query })) lengths.push(historyLength);
  return lengths;
}

async function startHeldExport(): Promise<string> {
  await stage.connect();
  await stage.configure();
  holdBatches();
  return (await stage.client.start(stage.destinationId)).exportId;
}

const untilRuns = (count: number) => until(async () => (await runs()).length >= count);

const submitted = () => postsTo(stage.sandbox, '/batches');

describe('an export whose history grows', () => {
  test('hands over to fresh runs with batches in flight and parts to go; every profile has one outcome', async () => {
    const people = FIRST + 4 * PART + 1;
    await writePeople(people);
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await untilRuns(2);
      releaseBatches();
      const views: ExportView[] = [];
      const following = stage.client.follow({ destinationId: stage.destinationId, exportId });
      let next = await following.next();
      for (; !next.done; next = await following.next()) views.push(next.value);

      const { outcomes, ...report } = next.value;
      expect(report).toMatchObject({ status: 'completed', selected: people, tally: { batches: 5 } });
      expect(outcomes).toEqual({ ...noOutcomes(), created: people });
      expect(submitted()).toBe(5);
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: people, tags: { VIP: people } });

      expect(views.length).toBeGreaterThan(1);
      for (const [index, view] of views.entries()) {
        const before = views[index - 1] ?? view;
        expect(view.startedAt).toBe(before.startedAt);
        expect(view.parts.total).toBe(6);
        expect(view.parts.done).toBeGreaterThanOrEqual(before.parts.done);
        expect(view.done).toBeGreaterThanOrEqual(before.done);
        expect(view.requests).toBeGreaterThanOrEqual(before.requests);
      }
      expect(Math.max(...(await runs()))).toBeLessThan(5 * SUGGESTED_AT);
    });
  }, 180_000);

  test('hands over again and again while one batch takes long, and submits it once', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(
      async () => {
        const exportId = await startHeldExport();
        await untilRuns(3);
        releaseBatches();
        expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
        expect(submitted()).toBe(1);
      },
      { maxCachedWorkflows: 0 },
    );
  });

  test('stays paused in the next run, and continues there', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await until(async () => (await stage.client.progress(stage.destinationId))?.batches === 1);
      await stage.client.pause(stage.destinationId);
      const count = (await runs()).length;
      await untilRuns(count + 1);
      expect(await stage.client.progress(stage.destinationId)).toMatchObject({ isPaused: true });
      releaseBatches();
      // What was under way is read also there.
      await until(async () => (await stage.client.progress(stage.destinationId))?.parts.done === 2);
      await stage.client.resume(stage.destinationId);
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    });
  });

  test('is cancelled in a later run as in the first, with its batches deleted', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await until(async () => (await stage.client.progress(stage.destinationId))?.batches === 1);
      await untilRuns(2);
      await stage.client.cancel({ destinationId: stage.destinationId, exportId });
      expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled', outcomes: { unproven: 3 } });
      expect(stage.sandbox.requests()).toContainEqual(expect.objectContaining({ method: 'DELETE' }));
      releaseBatches();
      expect((await stage.export()).outcomes).toMatchObject({ created: 3 });
    });
  });

  test('is cancelled if the request arrives while it hands over', async () => {
    await writePeople(FIRST + PART + 1);
    Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: 90 });
    await stage.withWorker(async () => {
      // One part is submitted, and the run long enough by then; it waits for the other.
      stage.sandbox.fail('delay 30 s on POST /batches');
      const exportId = await startHeldExport();
      await until(async () => (await stage.client.progress(stage.destinationId))?.batches === 1);
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      const { runId } = await until(async () => {
        const run = await handle.describe();
        return run.historyLength >= SUGGESTED_AT && run;
      });
      await stage.client.cancel({ destinationId: stage.destinationId, exportId });
      expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled', selected: FIRST + PART + 1 });
      expect((await handle.describe()).runId).toBe(runId);
    });
  });

  test('is cancelled in a later run by the end of its destination', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(async () => {
      await startHeldExport();
      await untilRuns(2);
      const destination = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      await destination.cancel();
      await until(async () => (await destination.describe()).status.name !== 'RUNNING');
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      expect((await handle.describe()).status.name).toBe('CANCELLED');
    });
  });
});
