import { expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities, type ActivityDependencies } from '../../src/activities';

const INPUT = {
  ref: { destinationId: 'newsletter', exportId: 'e1' },
  account: 'main',
  delivery: { audienceId: 'a1', statusIfNew: 'subscribed' },
  part: { part: 1, kind: 'upsert', canary: false, firstChunk: 1, lastChunk: 50, rows: 25_000, bytes: 1 },
  isNext: true,
};

function submitIn(environment: MockActivityEnvironment, dependencies: ActivityDependencies) {
  const steps = createActivities(() => Promise.resolve(dependencies));
  return environment.run(steps['mailchimp.submitPart'] as (input: unknown) => Promise<unknown>, INPUT);
}

test('a part is not sent when its step was cancelled while it waited for memory', async () => {
  const environment = new MockActivityEnvironment();
  const recorded: string[] = [];
  const dependencies = {
    staging: {
      readBatch: () => Promise.resolve(),
      listAttempts: () => Promise.resolve([]),
      recordAttempt: () => Promise.resolve(recorded.push('attempt')),
    },
    openAccount: () => Promise.resolve({ requests: () => 0 }),
    withPartInMemory: (_account: string, work: () => Promise<unknown>) => {
      environment.cancel();
      return work();
    },
  } as unknown as ActivityDependencies;
  await expect(submitIn(environment, dependencies)).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(recorded).toEqual([]);
});

test('a part that another attempt submitted during the wait is not submitted again', async () => {
  const environment = new MockActivityEnvironment();
  let batchId: string | undefined;
  const dependencies = {
    staging: { readBatch: () => Promise.resolve(batchId) },
    openAccount: () => Promise.reject(new Error('nothing is to be asked of Mailchimp')),
    withPartInMemory: (_account: string, work: () => Promise<unknown>) => {
      batchId = 'b1';
      return work();
    },
  } as unknown as ActivityDependencies;
  expect(await submitIn(environment, dependencies)).toEqual({
    batchId: 'b1',
    waitMs: null,
    batch: null,
    requests: 0,
  });
});
