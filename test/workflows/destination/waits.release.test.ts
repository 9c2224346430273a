import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { heldIn } from '../../support/export-state';
import { AUDIENCE } from '../../support/stage';
import { until } from '../../support/until';
import { openWaiting, type Waiting } from '../waiting';

let waiting: Waiting;

beforeEach(async () => {
  waiting = await openWaiting();
});

afterEach(async () => {
  await waiting.close();
});

async function hasReadSignal(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  const all = events ?? [];
  const signal = all.findLastIndex((event) => event.workflowExecutionSignaledEventAttributes);
  return signal >= 0 && all.slice(signal).some((event) => event.workflowTaskCompletedEventAttributes);
}

const members = () => waiting.stage.sandbox.state(AUDIENCE).members;

test('a destination waits thirty days for an export that is open already, over several runs, and exports', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.startHeldUp();
    await waiting.pause();
    const open = waiting.exportHandle();
    const lost = waiting.environment.client.workflow.getHandle(waiting.destinationId);
    // This server skips no more time once a workflow was terminated that had a signal to read: that its export is paused.
    await until(() => hasReadSignal(lost));
    await lost.terminate();
    await waiting.connect({ adopt: true });
    await waiting.configure();
    await waiting.start();
    await waiting.pass(30);
    expect(await waiting.show()).toMatchObject({ running: { number: 1 }, exports: [] });
    await waiting.expectBounded(waiting.destinationId, 3);
    await open.terminate();
    await waiting.passTimeUntil(async () => (await waiting.show()).exports.length === 1);
    expect((await waiting.show()).exports).toMatchObject([{ number: 1, status: 'completed' }]);
    expect(members()).toBe(8);
  });
});

test('a destination waits thirty days for its store to settle a cancelled export, over several runs, and exports again', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.startHeldUp();
    await waiting.withoutStore(async () => {
      await waiting.cancel();
      await waiting.pass(30);
      expect((await waiting.show()).exports).toEqual([]);
      await waiting.expectBounded(waiting.destinationId, 3);
    });
    await waiting.passTimeUntil(async () => (await waiting.show()).exports.length === 1);
    expect((await waiting.show()).exports).toMatchObject([
      { status: 'cancelled', isSettled: true, outcomes: { created: 5, unproven: 3 } },
    ]);
    waiting.releaseBatches();
    await waiting.start({ lane: 'direct' });
    await waiting.passTimeUntil(async () => (await waiting.show()).exports.length === 2);
    expect((await waiting.show()).exports[0]).toMatchObject({ status: 'completed' });
    expect(members()).toBe(8);
  });
});

test('a destination has nothing to do for thirty days after an export that was held for a day, and exports again', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.connect();
    await waiting.configure({ guards: { newContacts: 7 } });
    await waiting.start();
    await waiting.passTimeUntil(async () => heldIn(await waiting.view()));
    await waiting.pass(31);
    expect((await waiting.show()).exports).toMatchObject([{ status: 'expired' }]);
    await waiting.expectQuiet(waiting.exportId);
    await waiting.expectQuiet(waiting.destinationId);
    await waiting.start({ allowNewContacts: true });
    await waiting.passTimeUntil(async () => (await waiting.show()).exports.length === 2);
    expect(members()).toBe(8);
  });
});
