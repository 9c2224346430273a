import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { type Heartbeat, withHeartbeat } from '../../src/activities/heartbeat';

// Temporal logs each activity that fails.
const logger = new DefaultLogger('ERROR', () => undefined);

describe('a long step', () => {
  let environment: MockActivityEnvironment;
  let beats: unknown[];

  beforeEach(() => {
    jest.useFakeTimers();
    beats = [];
    environment = new MockActivityEnvironment({}, { logger });
    environment.on('heartbeat', (details: unknown) => beats.push(details));
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** Starts a step that runs until `end` is called. */
  function begin() {
    let end!: { resolve: (result: string) => void; reject: (error: Error) => void };
    let heartbeat!: Heartbeat;
    const ended = environment.run(() =>
      withHeartbeat((given) => {
        heartbeat = given;
        return new Promise<string>((resolve, reject) => {
          end = { resolve, reject };
        });
      }),
    );
    return { ended, end, heartbeat };
  }

  test('sends a heartbeat each second with the latest progress, also during a long request', async () => {
    const { ended, end, heartbeat } = begin();
    heartbeat.report({ chunks: 1, of: 50 });
    heartbeat.report({ chunks: 2, of: 50 });
    // A step that is cancelled learns of it from the reply.
    jest.advanceTimersByTime(1_500);
    expect(beats).toEqual([{ chunks: 2, of: 50 }]);
    jest.advanceTimersByTime(58_500);
    expect(beats).toHaveLength(60);
    end.resolve('done');
    await expect(ended).resolves.toBe('done');
  });

  test('sends none when it is short, since each is billed', async () => {
    const { ended, end } = begin();
    jest.advanceTimersByTime(999);
    expect(beats).toEqual([]);
    end.resolve('done');
    await ended;
  });

  test.each(['resolve', 'reject'] as const)('sends no heartbeat after its end: %s', async (how) => {
    const { ended, end } = begin();
    const settled = ended.catch(() => 'failed');
    end[how](new Error('failed') as never);
    await settled;
    beats = [];
    jest.advanceTimersByTime(60_000);
    expect(beats).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('throws CancelledFailure once its cancellation was requested', async () => {
    const { ended, end, heartbeat } = begin();
    expect(() => heartbeat.throwIfCancelled()).not.toThrow();
    environment.cancel('CANCELLED');
    expect(() => heartbeat.throwIfCancelled()).toThrow(CancelledFailure);
    end.resolve('too late to matter');
    await ended;
  });
});
