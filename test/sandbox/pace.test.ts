import { request as httpRequest, Agent } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/index';
import { BatchPace, DirectPace } from '../../src/sandbox/pace';
import { type Api, LIST, withSandbox } from './support';

const OPERATION_MS = 10;
/** By how much each timer is late, and how long each operation works. */
const LATE_MS = 3;

/** A clock of a slow machine: each wait ends late. */
class SlowClock {
  at = 0;
  readonly now = () => this.at;

  wait(ms: number): void {
    this.at += ms + LATE_MS;
  }
}

test('operations of all batches end at their simulated time, however late each timer is', () => {
  const clock = new SlowClock();
  const pace = new BatchPace(clock.now);
  for (let batch = 0; batch < 5; batch++) {
    const lane = pace.take(0);
    for (let operation = 0; operation < 40; operation++) clock.wait(lane.next(OPERATION_MS));
    pace.giveBack(lane);
  }
  expect(clock.at).toBe(200 * OPERATION_MS + LATE_MS);
});

test('the time before a batch arrives does not count as simulated work', () => {
  const clock = new SlowClock();
  const pace = new BatchPace(clock.now);
  const first = pace.take(0);
  clock.wait(first.next(OPERATION_MS));
  pace.giveBack(first);
  clock.at = 1000;
  const second = pace.take(clock.at);
  expect(second.next(OPERATION_MS)).toBe(OPERATION_MS);
});

test('the time that a batch waits without an operation does not count as simulated work', () => {
  const clock = new SlowClock();
  const lane = new BatchPace(clock.now).take(0);
  clock.at = 1000;
  lane.waited();
  expect(lane.next(OPERATION_MS)).toBe(OPERATION_MS);
});

test('a client that writes directly, one request after another, gets its replies at their simulated time', () => {
  const clock = new SlowClock();
  const pace = new DirectPace(clock.now);
  for (let request = 0; request < 100; request++) {
    const due = pace.due(clock.at, OPERATION_MS);
    clock.wait(Math.max(0, due - clock.at));
    pace.replied(due);
  }
  expect(clock.at).toBe(100 * OPERATION_MS + LATE_MS);
});

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

test('a sandbox takes at least the simulated time of all operations of all batches', async () => {
  await withSandbox({ operationMs: OPERATION_MS, batchParallelism: 1 }, async (api, sandbox) => {
    const start = performance.now();
    for (let batch = 0; batch < 5; batch++) await submit(api, { from: 8 * batch, count: 8 });
    expect(await workedOff(sandbox, 40)).toEqual({ operations: 40, ms: 40 * OPERATION_MS });
    expect(performance.now() - start).toBeGreaterThanOrEqual(39 * OPERATION_MS);
  });
});

test('on each connection a direct write takes its simulated time, from arrival to reply', async () => {
  // Long enough for the last of ten requests to arrive before the first one is answered, on a busy machine too.
  await withSandbox({ operationMs: 500 }, async ({ headers }, sandbox) => {
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
    const start = performance.now();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        while (next < 20) await post(subscribe(next++, 1));
      }),
    );
    agent.destroy();
    expect(performance.now() - start).toBeGreaterThanOrEqual(500);
    expect(workOf(sandbox)).toMatchObject({ operations: 20, ms: 20 * 500 });
    expect(sandbox.control.state()).toMatchObject({ accounts: [{ inFlight: 0, maxConcurrent: 10 }] });
  });
});
