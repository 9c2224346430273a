import { EventEmitter, once } from 'node:events';
import { afterEach, expect, jest, test } from '@jest/globals';
import { inMemoryTurn } from '../../../src/activities/rules/memory-turn';

const NEVER = new AbortController().signal;

afterEach(() => {
  jest.useRealTimers();
});

test('work of one export waits for its earlier work, also for work that fails', async () => {
  const gate = new EventEmitter();
  const isOpen = once(gate, 'open');
  const log: string[] = [];
  const first = inMemoryTurn(
    'e1',
    async () => {
      await isOpen;
      log.push('first');
      throw new Error('no memory');
    },
    NEVER,
  );
  const second = inMemoryTurn('e1', async () => log.push('second'), NEVER);
  await inMemoryTurn('e2', async () => log.push('another export'), NEVER);
  gate.emit('open');
  await expect(first).rejects.toThrow('no memory');
  await second;
  expect(log).toEqual(['another export', 'first', 'second']);
});

test('work of a step that was cancelled, and goes on, holds up its retry for ten seconds only', async () => {
  jest.useFakeTimers();
  const log: string[] = [];
  const step = new AbortController();
  void inMemoryTurn('e1', () => new Promise(() => undefined), step.signal);
  // It waits for the first one also where it was cancelled itself.
  const second = new AbortController();
  void inMemoryTurn('e1', async () => log.push('second'), second.signal);
  second.abort();
  const retry = inMemoryTurn('e1', async () => log.push('retry'), NEVER);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(log).toEqual([]);
  step.abort();
  await jest.advanceTimersByTimeAsync(9_999);
  expect(log).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  await retry;
  expect(log).toEqual(['second', 'retry']);
});
