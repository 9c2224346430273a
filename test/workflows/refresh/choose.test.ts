import { expect, test } from '@jest/globals';
import { mayBeAsked, nextAtMs, toCheck } from '../../../src/workflows/refresh/choose';
import type { Asked, RefreshState, Target } from '../../../src/workflows/refresh/state';

const NOW = 1_000_000;

const target = (name: string, account: string, more: Partial<Target> = {}): Target => ({
  destinationId: name,
  account,
  ...more,
});

const open = (name: string, account: string, checkAtMs = NOW + 60_000): Asked => ({
  destinationId: name,
  account,
  exportId: `export of ${name}`,
  requested: `export of ${name}`,
  number: 1,
  checks: 0,
  checkAtMs,
});

const state = (change: Partial<RefreshState>): RefreshState => ({
  startedAtMs: 0,
  trigger: 'refresh',
  isListed: true,
  toAsk: [],
  open: [],
  lines: [],
  left: 0,
  ...change,
});

const names = (all: readonly { readonly destinationId: string }[]) => all.map((one) => one.destinationId);

test('a full account keeps its destinations waiting, and no other account’s', () => {
  const now = state({
    open: [open('a1', 'first'), open('b1', 'second')],
    toAsk: [target('a2', 'first'), target('a3', 'first'), target('b2', 'second'), target('c1', 'third')],
  });
  expect(names(mayBeAsked(now, 1, NOW))).toEqual(['c1']);
  expect(names(mayBeAsked(now, 2, NOW))).toEqual(['a2', 'b2', 'c1']);
  expect(names(mayBeAsked(now, 3, NOW))).toEqual(['a2', 'a3', 'b2', 'c1']);
});

test('a destination that gave no answer is asked again at its time', () => {
  const now = state({
    toAsk: [target('a1', 'first', { silences: 1, askAtMs: NOW + 5 }), target('a2', 'first')],
  });
  expect(names(mayBeAsked(now, 4, NOW))).toEqual(['a2']);
  expect(names(mayBeAsked(now, 4, NOW + 5))).toEqual(['a1', 'a2']);
  expect(nextAtMs(now, NOW)).toBe(NOW + 5);
});

test('a wait is until the next check, also while a destination waits for its turn', () => {
  const now = state({
    open: [open('a1', 'first'), open('a2', 'first', NOW + 90_000)],
    toAsk: [target('a3', 'first', { silences: 1, askAtMs: NOW - 5 })],
  });
  expect(mayBeAsked(now, 2, NOW)).toEqual([]);
  expect(toCheck(now, NOW)).toEqual([]);
  expect(nextAtMs(now, NOW)).toBe(NOW + 60_000);
  expect(names(toCheck(now, NOW + 60_000))).toEqual(['a1', 'a2']);
});
