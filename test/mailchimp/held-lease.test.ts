import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Lease } from '../../src/contract/account-budget';
import { type ConnectionLimiter, createLimiter } from '../../src/mailchimp';
import type { Asked, ConnectionBudget } from '../../src/ports/connection-budget';
import { until } from '../support/until';

const SOON = 5_000;

let limiter: ConnectionLimiter;

afterEach(async () => {
  await limiter.close();
});

/** Another implementation of the port: what it answers, the test says. */
function open(answer: (asked: Asked) => Promise<Lease>) {
  const asked: Asked[] = [];
  const released: number[] = [];
  const budget: ConnectionBudget = {
    ask: (request) => {
      asked.push(request);
      return answer(request);
    },
    release: async ({ number }) => void released.push(number),
    close: () => {},
  };
  limiter = createLimiter({ connections: 8, budget });
  return { asked, released };
}

const lease = (connections: number, more: Partial<Lease> = {}): Lease => ({
  connections,
  budget: 8,
  seconds: 60,
  renewAfterSeconds: 30,
  isContended: false,
  ...more,
});

const never = () => new Promise<never>(() => {});

describe('the connections that a process holds', () => {
  test('are asked for by one request, at the first need, and given back some seconds after the last', async () => {
    const { asked, released } = open(async () => lease(8));
    const slots = await Promise.all([1, 2, 3].map(() => limiter.acquire({ destinationId: 'shop' })));
    for (const { release } of slots) release();
    expect(asked).toMatchObject([{ number: 1, wants: 1, connections: 0, inUse: 0, names: ['shop'] }]);
    await until(async () => released.length > 0, SOON);
    expect(asked).toHaveLength(1);
    expect(released).toEqual([2]);
  });

  test('end with the lease where nothing answers, counted from before it was asked for', async () => {
    let answers = 0;
    open(async () => {
      answers += 1;
      if (answers > 1) throw new Error('Temporal is away');
      await delay(600);
      return lease(8, { seconds: 1, renewAfterSeconds: 0.1 });
    });
    const startedAt = performance.now();
    (await limiter.acquire()).release();
    while (performance.now() - startedAt < 1_100) await delay(20);
    let isServed = false;
    void limiter.acquire().then(() => (isServed = true));
    await until(async () => answers > 3, SOON);
    expect(isServed).toBe(false);
  });

  test('do not grow by an answer to an earlier request', async () => {
    const late: ((lease: Lease) => void)[] = [];
    const { asked } = open(({ number }) =>
      number === 1
        ? Promise.resolve(lease(1, { renewAfterSeconds: 0 }))
        : new Promise((resolve) => late.push(resolve)),
    );
    const first = await limiter.acquire();
    await until(async () => asked.length === 2, SOON);
    const more = [limiter.acquire(), limiter.acquire(), limiter.acquire()];
    // The need has grown: a later request replaces the second one.
    await until(async () => asked.length === 3, SOON);
    late[0]!(lease(8));
    await delay(50);
    expect(limiter.inUse()).toBe(1);
    late[1]!(lease(2));
    await Promise.race(more);
    expect(limiter.inUse()).toBe(2);
    first.release();
  });

  test('that are taken back stay counted until their requests have ended', async () => {
    const { asked } = open(async ({ number }) =>
      number === 1
        ? lease(4, { renewAfterSeconds: 0 })
        : lease(1, { isContended: true, renewAfterSeconds: 30 }),
    );
    const slots = await Promise.all([1, 2, 3].map(() => limiter.acquire()));
    const isReported = (inUse: number) => asked.some((one) => one.connections === 1 && one.inUse === inUse);
    await until(async () => isReported(3), SOON);
    slots[0]!.release();
    slots[1]!.release();
    await until(async () => isReported(1), SOON);
    expect(limiter.inUse()).toBe(1);
    slots[2]!.release();
  });

  test('let nothing begin that was frozen since, once the lease is over', async () => {
    open(async ({ number }) => (number === 1 ? lease(2, { seconds: 0.2 }) : never()));
    const slot = await limiter.acquire();
    expect(slot.mayBegin()).toBe(true);
    // As a frozen process: no timer runs.
    const frozenAt = performance.now();
    while (performance.now() - frozenAt < 300);
    expect(slot.mayBegin()).toBe(false);
    slot.release();
  });

  test('leave a request that is given up out of the queue', async () => {
    const { asked } = open(never);
    const giveUp = new AbortController();
    const waiting = limiter.acquire({}, giveUp.signal);
    giveUp.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    expect(asked).toHaveLength(1);
  });
});
