import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { reasonIn } from '../../support/export-state';
import { AUDIENCE } from '../../support/stage';
import { DAY_MS, openWaiting, type Waiting } from '../waiting';

let waiting: Waiting;

beforeEach(async () => {
  waiting = await openWaiting();
});

afterEach(async () => {
  await waiting.close();
});

test('an export waits thirty days for its store, over several runs, and completes', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.startHeldUp();
    await waiting.withoutStore(async () => {
      waiting.releaseBatches();
      await waiting.pass(30);
      expect(reasonIn(await waiting.view(), 'waiting')).toMatchObject({ code: 'STAGING_FAILED' });
      await waiting.expectBounded(waiting.exportId, 3);
      await waiting.expectQuiet(waiting.destinationId);
    });
    const report = await waiting.exportHandle().result();
    expect(report).toMatchObject({ status: 'completed', outcomes: { created: 8, unproven: 0 } });
    expect(report.durationMs).toBeGreaterThan(30 * DAY_MS);
    waiting.expectDelivered();
  });
});

// Each try asks Mailchimp four times, and the time between them is real: thirty days would take an hour. The loop is that of the test above.
test('an export waits six hours for a Mailchimp that is absent, and completes', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.startHeldUp();
    waiting.stage.sandbox.fail('reset always on GET /batches/*');
    await waiting.pass(1 / 4);
    expect(reasonIn(await waiting.view(), 'waiting')).toMatchObject({ code: 'MAILCHIMP_UNAVAILABLE' });
    await waiting.expectBounded(waiting.exportId, 1);
    waiting.stage.sandbox.clearFaults();
    waiting.releaseBatches();
    expect(await waiting.exportHandle().result()).toMatchObject({ outcomes: { created: 8 } });
    waiting.expectDelivered();
  });
});

test('an export is stopped for thirty days until a person resumes it, and completes', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.startHeldUp();
    waiting.stage.sandbox.control.set({ switches: { keysRevoked: true } });
    await waiting.passTimeUntil(async () => reasonIn(await waiting.view(), 'stopped'));
    await waiting.pass(30);
    expect(reasonIn(await waiting.view(), 'stopped')).toMatchObject({ code: 'KEY_INVALID' });
    await waiting.expectQuiet(waiting.exportId);
    await waiting.expectQuiet(waiting.destinationId);
    waiting.stage.sandbox.control.set({ switches: { keysRevoked: false } });
    waiting.releaseBatches();
    await waiting.resume();
    expect(await waiting.exportHandle().result()).toMatchObject({ outcomes: { created: 8 } });
    waiting.expectDelivered();
  });
});

test('an export is paused for thirty days, and completes', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.connect();
    await waiting.configure();
    waiting.stage.sandbox.fail('stuck batch');
    await waiting.start({ lane: 'batch' });
    await waiting.passTimeUntil(async () => (await waiting.view()).batches === 1);
    await waiting.pause();
    await waiting.pass(30);
    expect(await waiting.view()).toMatchObject({ isPaused: true, state: { kind: 'paused' } });
    // The batch without progress was deleted, and its contacts wait for `resume`.
    expect(waiting.stage.sandbox.state(AUDIENCE).members).toBe(5);
    await waiting.expectBounded(waiting.exportId, 1);
    await waiting.expectQuiet(waiting.destinationId);
    await waiting.resume();
    expect(await waiting.exportHandle().result()).toMatchObject({ outcomes: { created: 8 } });
    waiting.expectDelivered();
  });
});
