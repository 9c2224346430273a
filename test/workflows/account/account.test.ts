import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountBudget } from '../../../src/contract/account-budget';
import { type ConnectionLimiter, createLimiter } from '../../../src/mailchimp';
import type { Slot } from '../../../src/mailchimp/limiter';
import { createAccountBudget } from '../../../src/plugin/account-budget';
import { budgetQuery, paceUpdate } from '../../../src/workflows/messages';
import { openStage, type Stage } from '../../support/stage';
import { until } from '../../support/until';

let stage: Stage;
let workflowId: string;
const limiters: ConnectionLimiter[] = [];

beforeEach(async () => {
  stage = await openStage();
  workflowId = `mailchimp-account/us1/a/l@${randomUUID()}`;
});

afterEach(async () => {
  await Promise.all(limiters.splice(0).map((limiter) => limiter.close()));
  await stage.close();
});

/** A worker process, as far as it asks for connections. */
function openProcess(connections = 8): ConnectionLimiter {
  const home = { workflowId, taskQueue: stage.taskQueue, client: stage.temporal };
  const limiter = createLimiter({
    connections,
    budget: createAccountBudget({ accounts: ['main'], home: () => home }),
  });
  limiters.push(limiter);
  return limiter;
}

/** Takes slots for as many requests as it can have; they end when `end` is called. */
function work(limiter: ConnectionLimiter, requests: number) {
  const slots: Slot[] = [];
  for (let request = 0; request < requests; request++)
    void limiter.acquire({ destinationId: 'shop' }).then((slot) => slots.push(slot));
  return {
    began: () => slots.length,
    end: (count = Infinity) => slots.splice(0, count).forEach((slot) => slot.release()),
  };
}

const account = () => stage.temporal.workflow.getHandle(workflowId);
const budget = (): Promise<AccountBudget> => account().query(budgetQuery);
const inUse = () => limiters.reduce((sum, limiter) => sum + limiter.inUse(), 0);

describe('the workflow of an account', () => {
  test('gives one process all connections by one request, and takes half of them for another one', async () => {
    await stage.withWorker(async () => {
      const [first, second] = [openProcess(), openProcess()];
      const before = work(first, 20);
      await until(async () => before.began() === 8);
      const after = work(second, 20);
      await until(async () => (await budget()).holders.length === 2);
      expect(after.began()).toBe(0);
      // As they end, the other process gets its part, and no more.
      while (after.began() < 4) {
        before.end(1);
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(inUse()).toBeLessThanOrEqual(8);
      }
      expect(after.began()).toBe(4);
      const { holders } = await until(async () => {
        const now = await budget();
        return now.holders.every(({ connections }) => connections === 4) && now;
      });
      expect(holders).toHaveLength(2);
    });
  });

  test('ends nothing by a pace that is lower, and gives no new connections before there is room', async () => {
    await stage.withWorker(async () => {
      const working = work(openProcess(), 20);
      await until(async () => working.began() === 8);
      await account().executeUpdate(paceUpdate, { args: [{ connections: 2 }] });
      await until(async () => (await budget()).holders[0]?.connections === 2);
      working.end(6);
      await until(async () => (await budget()).holders[0]?.inUse === 2);
      expect(working.began()).toBe(2);
      await account().executeUpdate(paceUpdate, { args: [{ connections: null }] });
      await until(async () => working.began() === 8);
    });
  });

  test('waits in handlers for what is freed, and gives it exactly once', async () => {
    await stage.withWorker(async () => {
      const holder = openProcess(1);
      const working = work(holder, 1);
      await until(async () => working.began() === 1);
      const waiting = [1, 2, 3, 4, 5].map(() => work(openProcess(1), 1));
      await until(async () => (await budget()).holders.length === 6);
      const began = () => waiting.reduce((sum, one) => sum + one.began(), 0);
      working.end();
      await holder.close();
      for (let served = 1; served <= 5; served++) {
        await until(async () => began() === 1);
        expect(inUse()).toBe(1);
        const one = waiting.find((other) => other.began() === 1)!;
        one.end();
        await limiters[waiting.indexOf(one) + 1]!.close();
      }
    });
  });
});

describe('a process', () => {
  test('has no connections without an answer, and those that it has end with its lease', async () => {
    const limiter = openProcess();
    const working = work(limiter, 1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(working.began()).toBe(0);
    await stage.withWorker(async () => {
      await until(async () => working.began() === 1);
    });
  });
});
