import { request as httpRequest, Agent } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/index';
import { type Api, LIST, withSandbox } from './support';

const OPERATION_MS = 10;

const subscribe = (place: number, rows = 20): string =>
  JSON.stringify({
    members: Array.from({ length: rows }, (_, row) => ({
      email_address: `p${place}.${row}@wp.pl`,
      status_if_new: 'subscribed',
    })),
    update_existing: true,
  });

interface Work {
  readonly operations: number;
  readonly ms: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const workOf = (sandbox: Sandbox): Work => (sandbox.control.state() as { work: Work }).work;

async function workedOff(sandbox: Sandbox, operations: number): Promise<Work> {
  for (;;) {
    const work = workOf(sandbox);
    if (work.operations >= operations) return work;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function submit(api: Api, { from, count }: { from: number; count: number }): Promise<void> {
  const operations = Array.from({ length: count }, (_, place) => ({
    method: 'POST',
    path: LIST,
    body: subscribe(from + place),
  }));
  expect((await api.post('/batches', { operations })).status).toBe(200);
}

test('a busy sandbox takes exactly its simulated time, over all batches', async () => {
  await withSandbox({ operationMs: OPERATION_MS, batchParallelism: 1 }, async (api, sandbox) => {
    for (let batch = 0; batch < 5; batch++) await submit(api, { from: 40 * batch, count: 40 });
    const { operations, ms, firstAt, lastAt } = await workedOff(sandbox, 200);
    expect({ operations, ms }).toEqual({ operations: 200, ms: 200 * OPERATION_MS });
    expect(lastAt - firstAt).toBeGreaterThanOrEqual(199 * OPERATION_MS);
    // A timer is late by at least a millisecond: 200 of them would add at least 10 %.
    expect(lastAt - firstAt).toBeLessThan(216 * OPERATION_MS);
  });
});

test('a sandbox does not compensate for idle time', async () => {
  await withSandbox({ operationMs: OPERATION_MS }, async (api, sandbox) => {
    await submit(api, { from: 0, count: 1 });
    await workedOff(sandbox, 1);
    await new Promise((resolve) => setTimeout(resolve, 5 * OPERATION_MS));
    const start = Date.now();
    await submit(api, { from: 1, count: 5 });
    const { lastAt } = await workedOff(sandbox, 6);
    expect(lastAt - start).toBeGreaterThanOrEqual(5 * OPERATION_MS - 1);
  });
});

test('on each connection a direct write takes its simulated time, from arrival to reply', async () => {
  await withSandbox({ operationMs: 50 }, async ({ headers }, sandbox) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const post = (body: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const url = new URL(sandbox.url + LIST);
        httpRequest(url, { method: 'POST', agent, headers: { ...headers } }, (reply) =>
          reply.resume().on('end', resolve),
        )
          .on('error', reject)
          .end(body);
      });
    let next = 0;
    const start = Date.now();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        while (next < 100) await post(subscribe(next++, 1));
      }),
    );
    const taken = Date.now() - start;
    agent.destroy();
    expect(taken).toBeGreaterThanOrEqual(10 * 50 - 50);
    expect(taken).toBeLessThan(30 * 50);
    expect(workOf(sandbox)).toMatchObject({ operations: 100, ms: 100 * 50 });
    expect(sandbox.control.state()).toMatchObject({ accounts: [{ inFlight: 0, maxConcurrent: 10 }] });
  });
});
