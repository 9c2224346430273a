import { describe, expect, test } from '@jest/globals';
import { createLimiter } from '../../src/mailchimp';
import { openAt, openSandbox, serve } from './support';

const refuse = () => Promise.reject(new Error('no longer ours'));

const LOGIN = { account_id: 'a1', login_id: 'l1', role: 'owner', account_name: 'Fjord Records' };

describe('the connection limiter', () => {
  test('grants as many slots as configured, first in, first out', async () => {
    const limiter = createLimiter({ connections: 2 });
    const order: string[] = [];
    const first = await limiter.acquire();
    await limiter.acquire();
    const third = limiter.acquire().then((slot) => {
      order.push('third');
      return slot;
    });
    const fourth = limiter.acquire().then(() => order.push('fourth'));
    expect(limiter.inUse()).toBe(2);
    first.release();
    first.release();
    (await third).release();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
    expect(limiter.inUse()).toBe(2);
  });

  test.each([0, -1, 1.5])('refuses %d connections', (connections) => {
    expect(() => createLimiter({ connections })).toThrow(RangeError);
  });

  test('is shared by all accounts opened with it', async () => {
    const limiter = createLimiter({ connections: 3 });
    const open: (() => void)[] = [];
    let most = 0;
    const base = await serve((_, response) => {
      open.push(() => response.end(JSON.stringify(LOGIN)));
      most = Math.max(most, open.length);
      // Later, so that a request beyond the limit would arrive before.
      if (open.length === 3) setTimeout(() => open.splice(0).forEach((reply) => reply()), 20);
    });
    const accounts = [openAt(base, { limiter }), openAt(base, { limiter })];
    await Promise.all(Array.from({ length: 24 }, (_, n) => accounts[n % 2]!.login()));
    expect(most).toBe(3);
    expect(limiter.inUse()).toBe(0);
  });

  test('releases the slot of a request that the guard refuses, and nothing is sent', async () => {
    const limiter = createLimiter({ connections: 1 });
    const { open, sandbox } = await openSandbox();
    await expect(open({ limiter, guard: refuse }).login()).rejects.toThrow('no longer ours');
    expect(sandbox.requests()).toEqual([]);
    await open({ limiter }).login();
  });

  test('keeps the slot of a request that timed out until it can no longer be running', async () => {
    const limiter = createLimiter({ connections: 4 });
    const open: (() => void)[] = [];
    const base = await serve((_, response) => open.push(() => response.destroy()));
    const account = openAt(base, { limiter, timeoutMs: 40, longestRequestMs: 1_000 });
    await expect(account.login()).rejects.toMatchObject({
      code: 'MAILCHIMP_UNAVAILABLE',
      details: { class: 'timeout' },
    });
    expect(account.requests()).toBe(2);
    expect(limiter.inUse()).toBe(2);
    for (const end of open) end();
    // A broken connection proves nothing: the request may still be running at Mailchimp.
    await new Promise((resolve) => setImmediate(resolve));
    expect(limiter.inUse()).toBe(2);
    const all = await Promise.all([1, 2, 3, 4].map(() => limiter.acquire()));
    expect(all).toHaveLength(4);
  });
});
