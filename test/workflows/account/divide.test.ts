import { describe, expect, test } from '@jest/globals';
import { type Claim, divide } from '../../../src/workflows/account/divide';
import { array, assert, integer, property, record } from '../../support/fast-check';

const claimsOf = (wants: readonly number[], weights: readonly number[] = []): Claim[] =>
  wants.map((count, index) => ({ id: `${index}`, wants: count, weight: weights[index] ?? 1, rank: index }));

const divided = (budget: number, wants: readonly number[], weights?: readonly number[]) => [
  ...divide(budget, claimsOf(wants, weights)).values(),
];

const claims = array(
  record({ wants: integer({ min: 0, max: 10 }), weight: integer({ min: 1, max: 5 }), rank: integer() }),
  { maxLength: 20 },
).map((list) => list.map((claim, index) => ({ ...claim, id: `${index}` })));

const budgets = integer({ min: 1, max: 10 });

const sum = (counts: Iterable<number>) => [...counts].reduce((total, one) => total + one, 0);

describe('a budget of connections', () => {
  test.each([
    { budget: 8, wants: [10, 10, 10], shares: [3, 3, 2] },
    { budget: 8, wants: [10, 1, 10], shares: [4, 1, 3] },
    { budget: 8, wants: [1], shares: [8] },
    { budget: 8, wants: [2, 2], shares: [4, 4] },
    { budget: 8, wants: [0, 3], shares: [0, 8] },
    { budget: 2, wants: [5, 5, 5], shares: [1, 1, 0] },
  ])('of $budget is divided for $wants as $shares', ({ budget, wants, shares }) => {
    expect(divided(budget, wants)).toEqual(shares);
  });

  test('is divided in proportion to the destinations with work', () => {
    expect(divided(8, [10, 10], [3, 1])).toEqual([6, 2]);
  });

  test('is never exceeded, and used in full while anything is wanted', () => {
    assert(
      property(budgets, claims, (budget, list) => {
        const isWanted = list.some(({ wants }) => wants > 0);
        expect(sum(divide(budget, list).values())).toBe(isWanted ? budget : 0);
      }),
    );
  });

  test('is enough for all wants where there is room', () => {
    assert(
      property(budgets, claims, (budget, list) => {
        const shares = divide(budget, list);
        const isEnough = sum(list.map(({ wants }) => wants)) <= budget;
        expect(!isEnough || list.every(({ id, wants }) => shares.get(id)! >= wants)).toBe(true);
      }),
    );
  });

  test('leaves none without a connection where others have two', () => {
    assert(
      property(budgets, claims, (budget, list) => {
        const shares = divide(budget, list);
        const counts = list.filter(({ wants }) => wants > 0).map(({ id }) => shares.get(id)!);
        expect(!counts.includes(0) || Math.max(...counts) === 1).toBe(true);
      }),
    );
  });

  test('takes nothing from a claim that gets less for its weight than another one has', () => {
    assert(
      property(budgets, claims, (budget, list) => {
        const shares = divide(budget, list);
        const short = list.filter(({ id, wants }) => shares.get(id)! < wants && shares.get(id)! > 0);
        const above = list.filter(({ id }) => shares.get(id)! > 1);
        expect(
          short.every((one) =>
            above.every(
              (other) => shares.get(other.id)! / other.weight <= (shares.get(one.id)! + 1) / one.weight,
            ),
          ),
        ).toBe(true);
      }),
    );
  });
});
