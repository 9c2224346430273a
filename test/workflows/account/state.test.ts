import { describe, expect, test } from '@jest/globals';
import type { LeaseRequest } from '../../../src/contract/account-budget';
import {
  type BudgetState,
  grantFor,
  isIdle,
  NEW_BUDGET,
  toView,
  withGrant,
  withPace,
  withRelease,
  withRequest,
} from '../../../src/workflows/account/state';
import { array, assert, constantFrom, integer, oneof, property, record } from '../../support/fast-check';

const request = (holder: string, number: number, said: Partial<LeaseRequest> = {}): LeaseRequest => ({
  holder,
  number,
  identity: holder,
  process: `process of ${holder}`,
  waits: true,
  configured: 8,
  wants: 10,
  connections: 0,
  inUse: 0,
  isContended: false,
  destinations: 1,
  names: [],
  ...said,
});

const answered = (state: BudgetState, holder: string, nowMs: number): BudgetState =>
  withGrant(state, holder, { connections: grantFor(state, holder, nowMs).connections, nowMs });

const connectionsOf = (state: BudgetState, id: string) =>
  state.holders.find((holder) => holder.id === id)?.connections;

/** One holder has all eight connections, another one has asked. */
function fullAndAsking(): BudgetState {
  const full = answered(withRequest(NEW_BUDGET, request('a', 1), 0), 'a', 0);
  expect(connectionsOf(full, 'a')).toBe(8);
  return withRequest(full, request('b', 1), 1_000);
}

describe('the budget of an account', () => {
  test('gives a newcomer nothing until the first holder says that it has given back', () => {
    const cut = answered(fullAndAsking(), 'a', 1_000);
    expect(connectionsOf(cut, 'a')).toBe(4);
    expect(grantFor(cut, 'b', 1_000).connections).toBe(0);
    const inUse = withRequest(cut, request('a', 2, { connections: 4, inUse: 6 }), 2_000);
    expect(grantFor(inUse, 'b', 2_000).connections).toBe(2);
    const back = withRequest(inUse, request('a', 3, { connections: 4, inUse: 4 }), 3_000);
    expect(grantFor(back, 'b', 3_000).connections).toBe(4);
  });

  test('gives the connections of a killed holder to others when its lease ends', () => {
    const asking = fullAndAsking();
    expect(grantFor(asking, 'b', 89_999).connections).toBe(0);
    expect(grantFor(asking, 'b', 90_000).connections).toBe(8);
  });

  test('does not change by a request, or a release, that arrives late', () => {
    const state = answered(withRequest(NEW_BUDGET, request('a', 5), 0), 'a', 0);
    expect(withRequest(state, request('a', 4, { wants: 0 }), 10)).toBe(state);
    expect(withRelease(state, { holder: 'a', number: 4, inUse: 0 })).toEqual(state);
    const released = withRelease(state, { holder: 'a', number: 6, inUse: 0 });
    expect(isIdle(released, 10)).toBe(true);
    expect(isIdle(withRequest(released, request('a', 5), 20), 20)).toBe(true);
  });

  test('keeps only what is in use for a process that ends in the middle of a request', () => {
    const ended = withRelease(fullAndAsking(), { holder: 'a', number: 2, inUse: 1 });
    expect(grantFor(ended, 'b', 1_000).connections).toBe(7);
    expect(grantFor(ended, 'b', 90_000).connections).toBe(8);
  });

  test('is the smallest that a configuration says, and the pace where one is set', () => {
    const two = withRequest(fullAndAsking(), request('c', 1, { configured: 5 }), 1_000);
    expect(toView(two, 1_000)).toMatchObject({ budget: 5, configured: [5, 8], pace: null });
    const paced = withPace(two, { connections: 3, by: 'Kim' }, 1_000);
    expect(toView(paced, 1_000)).toMatchObject({ budget: 3, pace: { connections: 3, by: 'Kim' } });
    expect(toView(withPace(paced, { connections: null }, 2_000), 2_000)).toMatchObject({ budget: 5 });
  });

  test('goes round where more holders wait than there are connections', () => {
    let state = withPace(NEW_BUDGET, { connections: 1 }, 0);
    const served: string[] = [];
    for (let second = 0; second < 60; second++)
      for (const id of ['a', 'b', 'c']) {
        const connections = connectionsOf(state, id) ?? 0;
        state = answered(
          withRequest(state, request(id, second + 1, { connections, inUse: connections }), second * 1_000),
          id,
          second * 1_000,
        );
        if (connectionsOf(state, id) === 1) served.push(id);
      }
    for (const id of ['a', 'b', 'c'])
      expect(served.filter((one) => one === id).length).toBeGreaterThanOrEqual(10);
  });

  test('has at most a hundred holders', () => {
    let state = NEW_BUDGET;
    for (let index = 0; index < 300; index++)
      state = withRequest(state, request(`holder-${index}`, 1), index);
    expect(state.holders).toHaveLength(100);
  });
});

/** A process, as it believes and as it is seen. */
interface Process {
  number: number;
  limit: number;
  used: number;
}

describe('whatever arrives, is lost or comes late', () => {
  const step = oneof(
    record({
      kind: constantFrom('ask', 'lose answer', 'lose request', 'release', 'work', 'finish' as const),
      process: integer({ min: 0, max: 3 }),
      wants: integer({ min: 0, max: 10 }),
      afterMs: integer({ min: 0, max: 3_000 }),
    }),
    record({
      kind: constantFrom('pace' as const),
      process: integer({ min: 0, max: 3 }),
      wants: integer({ min: 1, max: 8 }),
      afterMs: integer({ min: 0, max: 3_000 }),
    }),
  );

  test('processes whose leases have not ended use no more than the largest budget that was set', () => {
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const processes: Process[] = Array.from({ length: 4 }, () => ({ number: 0, limit: 0, used: 0 }));
        let state = NEW_BUDGET;
        let nowMs = 0;
        // Shorter than a lease: none ends here.
        for (const { kind, process: index, wants, afterMs } of steps) {
          if (nowMs + afterMs > 75_000) return;
          nowMs += afterMs;
          const id = `p${index}`;
          const process = processes[index]!;
          if (kind === 'pace') state = withPace(state, { connections: wants }, nowMs);
          else if (kind === 'work') process.used = Math.max(process.used, Math.min(process.limit, wants));
          else if (kind === 'finish') process.used = Math.min(process.used, wants);
          else if (kind === 'release') {
            process.limit = 0;
            process.number += 1;
            state = withRelease(state, { holder: id, number: process.number, inUse: process.used });
          } else {
            process.number += 1;
            if (kind === 'lose request') continue;
            const { limit: connections, used: inUse } = process;
            state = withRequest(state, request(id, process.number, { wants, connections, inUse }), nowMs);
            state = answered(state, id, nowMs);
            if (kind === 'ask') process.limit = connectionsOf(state, id) ?? 0;
          }
          const most = processes.reduce((sum, { limit, used }) => sum + Math.max(limit, used), 0);
          expect(most).toBeLessThanOrEqual(8);
        }
      }),
    );
  });
});
