import { expect, test } from '@jest/globals';
import * as fc from '../../support/fast-check';
import { OUTCOMES, type OutcomeCounts } from '../../../src/contract/outcome';
import type { Run } from '../../../src/workflows/export/run';
import { plannedReport, settledReport, toReport } from '../../../src/workflows/export/report';
import { INPUT, PLAN } from '../samples';

const RUN = {
  input: INPUT,
  record: {
    startedAtMs: 1_000,
    requests: 9,
    batches: 0,
    parts: [],
    lanes: null,
    guards: [],
    approval: null,
    segments: [{ segment: 'vip', tag: 'VIP', tagId: 11 }],
  },
} as unknown as Run;

const count = fc.nat({ max: 1_000_000 });
const outcomes = fc.record(
  Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count])),
) as fc.Arbitrary<OutcomeCounts>;

const total = (counts: OutcomeCounts) => OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);

test('the report of a plan counts every subject once: what is decided, and what would be sent', () => {
  fc.assert(
    fc.property(outcomes, fc.tuple(count, count, count), (decided, [creates, updates, removals]) => {
      const report = plannedReport(RUN, { ...PLAN, decided, creates, updates, removals });
      expect(total(report.outcomes)).toBe(total(decided) + creates + updates + removals);
      expect(report.outcomes).toEqual({
        ...decided,
        created: decided.created + creates,
        updated: decided.updated + updates,
        removed: decided.removed + removals,
      });
    }),
  );
});

test('the report of a plan has the form of an export that sent everything, and settles nothing', () => {
  const report = plannedReport(RUN, PLAN);
  expect(total(report.outcomes)).toBe(report.selected + report.departed);
  expect(report).toMatchObject({
    ...INPUT.ref,
    number: 3,
    storeId: INPUT.storeId,
    status: 'planned',
    isSettled: false,
    startedAt: '1970-01-01T00:00:01.000Z',
    tally: { requests: 9, batches: 0 },
    segments: [
      { segment: 'vip', tagId: 11, name: 'VIP', profiles: 40_000, tagged: 30_000, untagged: 25, failed: 0 },
      { segment: 'north', tagId: null, name: 'North', tagged: 15_000, untagged: 5, failed: 0 },
    ],
  });
});

test('without a plan nothing was sent: the report says so in zeros, with the reason', () => {
  const failure = { code: 'SOURCE_MALFORMED', message: 'Line 7 could not be read.' } as const;
  const report = toReport(INPUT, null, { status: 'failed', startedAtMs: 1_000, failure });
  expect(report).toMatchObject({
    status: 'failed',
    isSettled: false,
    selected: 0,
    departed: 0,
    tally: null,
    failure,
  });
  expect(total(report.outcomes)).toBe(0);
  expect(settledReport(RUN, null, 'completed')).toMatchObject({ status: 'completed', isSettled: false });
});
