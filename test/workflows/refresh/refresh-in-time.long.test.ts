import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../../src/contract/identifiers';
import type { RefreshInput } from '../../../src/contract/refresh';
import { openWaiting, type Waiting } from '../waiting';
import { startRefresh } from './refreshing';

let skipping: Waiting;

beforeEach(async () => {
  skipping = await openWaiting();
});

afterEach(async () => {
  await skipping.close();
});

const start = (more: Partial<RefreshInput> = {}) => {
  const { environment, stage } = skipping;
  const targets = { destinations: [stage.destinationId] };
  return startRefresh({ temporal: environment.client, taskQueue: stage.taskQueue }, { targets, ...more });
};

type Refresh = Awaited<ReturnType<typeof start>>;

/** Passes time, by the minute, until the refresh has ended. */
async function reportOf(refresh: Refresh) {
  await skipping.passTimeUntil(async () => (await refresh.describe()).status.name !== 'RUNNING');
  return refresh.result();
}

describe('a refresh', () => {
  test('reports an export that is held after it was asked for, at a check', async () => {
    await skipping.stage.withWorker(async () => {
      await skipping.connect();
      await skipping.configure({ guards: { newContacts: 1 } });
      const report = await reportOf(await start());
      expect(report.destinations).toMatchObject([{ result: 'held', number: 1 }]);
    });
  });

  test('ends at its longest time, and what it asked for goes on', async () => {
    await skipping.stage.withWorker(async () => {
      // Another export, with other options: that of the refresh is queued.
      await skipping.startHeldUp();
      const report = await reportOf(await start({ longestMinutes: 30 }));
      expect(report.destinations).toMatchObject([{ result: 'unfinished', number: 2 }]);
      expect(report.durationMs).toBeGreaterThanOrEqual(30 * 60_000);
      expect(report.durationMs).toBeLessThan(32 * 60_000);
      skipping.releaseBatches();
      await skipping.passTimeUntil(async () => (await skipping.show()).exports[0]?.number === 2);
      expect((await skipping.show()).exports[0]).toMatchObject({ status: 'completed' });
    });
  });

  test('says that a destination was ended while its export ran', async () => {
    const { stage, environment } = skipping;
    await stage.withWorker(async () => {
      await skipping.startHeldUp();
      const refresh = await start();
      await skipping.passTimeUntil(async () => (await skipping.show()).queued.length === 1);
      await environment.client.workflow.getHandle(destinationWorkflowId(stage.destinationId)).terminate();
      const report = await reportOf(refresh);
      expect(report.destinations).toMatchObject([
        { result: 'failed', number: 2, failure: { code: 'DESTINATION_TERMINATED' } },
      ]);
    });
  });
});
