import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CROWD } from '../../support/stage';
import { openWaiting, type Waiting } from '../waiting';

let waiting: Waiting;

beforeEach(async () => {
  waiting = await openWaiting();
});

afterEach(() => waiting.close());

const HOUR_MS = 60 * 60_000;

async function passHours(hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour++) await waiting.environment.sleep('1 hour');
}

async function exportOnce(): Promise<void> {
  const { exports } = await waiting.show();
  await waiting.start({ lane: 'direct' });
  await waiting.passTimeUntil(async () => (await waiting.show()).exports.length > exports.length);
  expect((await waiting.show()).exports[0]).toMatchObject({ status: 'completed' });
}

const handle = () => waiting.environment.client.workflow.getHandle(waiting.destinationId);

async function details(): Promise<string> {
  const metadata = await handle().query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

/** Timers that the present run of the destination has started. */
async function timers(): Promise<number> {
  const { events } = await handle().fetchHistory();
  return (events ?? []).filter(({ timerStartedEventAttributes: timer }) => timer).length;
}

test('a destination is stale when its last complete export is too old, and until the next one; with one timer', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.connect();
    await waiting.configure({ staleAfterHours: 26 });
    await exportOnce();
    await passHours(25);
    expect(await waiting.show()).not.toHaveProperty('stale');
    expect(await details()).not.toContain('Stale');
    expect(await timers()).toBe(1);

    await passHours(2);
    const { stale, exports } = await waiting.show();
    const [last] = exports;
    expect(Date.parse(stale!.since)).toBe(Date.parse(last!.startedAt) + last!.durationMs + 26 * HOUR_MS);
    expect(stale).toMatchObject({ completedAt: expect.any(String), afterHours: 26 });
    expect(await details()).toMatch(
      /\| Stale \| the last complete export ended at 20.* UTC \(limit 26 h\) \|/,
    );
    await passHours(48);
    expect(await timers()).toBe(1);

    // An export that fails is none.
    await waiting.stage.writeProfiles([]);
    await waiting.start();
    await waiting.passTimeUntil(async () => (await waiting.show()).exports[0]?.status === 'failed');
    expect(await waiting.show()).toMatchObject({ stale });
    await waiting.stage.writeProfiles(CROWD);
    await exportOnce();
    expect(await waiting.show()).not.toHaveProperty('stale');
    expect(await details()).not.toContain('Stale');
  });
});

test('a change of the limit takes effect at once', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.connect();
    await waiting.configure();
    await exportOnce();
    await passHours(30);
    expect(await timers()).toBe(0);
    for (const [change, isStale] of [
      [{ staleAfterHours: 26 }, true],
      [{ staleAfterHours: 48 }, false],
      [{ staleAfterHours: 29 }, true],
      [{}, false],
    ] as const) {
      await waiting.configure(change);
      expect('stale' in (await waiting.show())).toBe(isStale);
      expect((await details()).includes('Stale')).toBe(isStale);
    }
  });
});

test('a destination that never exported is stale by the time since it was configured first, also while an export runs', async () => {
  await waiting.stage.withWorker(async () => {
    await waiting.connect();
    await waiting.configure({ staleAfterHours: 4 });
    await passHours(3);
    await waiting.configure({ staleAfterHours: 5, guards: { newContacts: 0 } });
    await waiting.start();
    await waiting.passTimeUntil(async () => (await waiting.view()).state.kind === 'held');
    expect(await waiting.show()).not.toHaveProperty('stale');
    await passHours(3);
    expect(await waiting.show()).toMatchObject({
      running: { number: 1 },
      stale: { completedAt: null, afterHours: 5 },
    });
    expect(await details()).toMatch(
      /\| Stale \| it was configured at .*, and no export has completed since \(limit 5 h\) \|/,
    );
  });
});
