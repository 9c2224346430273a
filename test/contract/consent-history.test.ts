import { expect, test } from '@jest/globals';
import { historyOf, withEvent, type ConsentEvent } from '../../src/contract/consent-history';

const agreed = (by: string, day: number): ConsentEvent => ({
  event: 'agreed',
  by,
  at: `2026-11-${String(day).padStart(2, '0')}T08:00:00.000Z`,
  textVersion: '2026-11',
});

test('twenty events are kept, the latest first', () => {
  const days = Array.from({ length: 25 }, (_, index) => index + 1);
  const history = days.reduce<readonly ConsentEvent[]>(
    (known, day) => withEvent(known, agreed(day % 2 === 0 ? 'Ada' : 'Kim', day)),
    [],
  );
  expect(history).toHaveLength(20);
  expect(history[0]).toEqual(agreed('Kim', 25));
});

test('a person who agrees to the same again and again pushes nothing out', () => {
  const withdrawn = { event: 'withdrawn', by: 'Lee', at: '2026-11-01T08:00:00.000Z' } as const;
  const days = Array.from({ length: 25 }, (_, index) => index + 2);
  const history = days.reduce<readonly ConsentEvent[]>(
    (known, day) => withEvent(known, agreed('Ada', day)),
    [withdrawn],
  );
  expect(history).toEqual([agreed('Ada', 26), withdrawn]);
});

test('the history of a destination of version 0.4.0 begins with its present consent', () => {
  const consent = { agreedBy: 'Ada', agreedAt: '2026-11-01T08:00:00.000Z', textVersion: '2026-11' };
  expect(historyOf(null)).toEqual([]);
  expect(historyOf(consent)).toEqual([agreed('Ada', 1)]);
  const withdrawnAt = '2026-11-02T08:00:00.000Z';
  expect(historyOf({ ...consent, withdrawnAt, withdrawnBy: 'Kim' })).toEqual([
    { event: 'withdrawn', by: 'Kim', at: withdrawnAt },
    agreed('Ada', 1),
  ]);
});
