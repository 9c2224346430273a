import { describe, expect, test } from '@jest/globals';
import { EXPORT_PHASES, type ExportView } from '../../../src/contract/export';
import type { Held } from '../../../src/contract/guard';
import { noOutcomes, OUTCOMES } from '../../../src/contract/outcome';
import type { Reason } from '../../../src/contract/reason';
import { describeExport } from '../../../src/workflows/export/current-details';
import { INPUT, PLAN, report, SINCE, view } from '../samples';

const MINUTE_MS = 60_000;
const MULTILINE: Reason = {
  code: 'SOURCE_MALFORMED',
  message: '3 lines could not be read:\n  a|b.csv: 3 (line 7: MISSING COLUMNS)\nMend the file.',
};
const HELD: Held = {
  planId: 'p1',
  since: '2026-11-27T06:00:00.000Z',
  until: '2026-11-28T06:00:00.000Z',
  guards: [
    { code: 'MASS_REMOVAL', message: '30 people | would lose the tag "VIP".', number: 30, limit: 20 },
    { code: 'NEW_CONTACTS', message: '9 new contacts would be created.', number: 9, limit: 5 },
  ],
};

/** Rows in a millisecond. */
const RATE = 3_000 / MINUTE_MS;

const page = (change: Partial<ExportView> = {}, rowsPerMs = RATE) =>
  describeExport(view(change), INPUT, { rowsPerMs, namespace: 'default' }).split('\n');
const headline = (change: Partial<ExportView> = {}, rowsPerMs = RATE) => page(change, rowsPerMs)[0];

const STATES: readonly (readonly [string, Partial<ExportView>])[] = [
  ...EXPORT_PHASES.map((phase) => [phase, { phase }] as const),
  ['before the plan', { phase: 'snapshot', plan: null, parts: { total: 0, submitted: 0, done: 0 } }],
  ['paused', { state: { kind: 'paused', since: SINCE } }],
  ['waiting', { state: { kind: 'waiting', reason: MULTILINE, since: SINCE } }],
  ['stopped', { state: { kind: 'stopped', reason: MULTILINE, since: SINCE } }],
  ['held', { phase: 'held', state: { kind: 'held', held: HELD, since: SINCE } }],
  ['cancelling', { state: { kind: 'cancelling', failure: null, since: SINCE } }],
  ['failing', { state: { kind: 'cancelling', failure: MULTILINE, since: SINCE } }],
  [
    'ended after an approval, with warnings',
    {
      phase: 'completed',
      report: report({
        guards: HELD.guards,
        approval: { planId: 'p1', by: 'Kim', at: '2026-11-27T08:00:00.000Z', numbers: [] },
        warnings: [{ attribute: 'bio', field: 'BIO', kind: 'cut', count: 1 }],
        segments: Array.from({ length: 60 }, () => report().segments[0]!),
      }),
    },
  ],
  ['ended', { phase: 'completed', report: report() }],
  [
    'ended with every outcome and many tags',
    {
      phase: 'completed',
      report: report({
        outcomes: { ...noOutcomes(), ...Object.fromEntries(OUTCOMES.map((name) => [name, 1_000_000])) },
        segments: Array.from({ length: 60 }, (_, index) => ({
          ...report().segments[0]!,
          name: `Tag | ${index}\nof many`,
        })),
      }),
    },
  ],
];

describe('the page of an export', () => {
  test.each(STATES)('is one bold line and one table of at most eight lines: %s', (_, change) => {
    const [first, empty, head, rule, ...rows] = page(change);
    expect(first).toMatch(/^\*\*[^*]+\*\*$/);
    expect([empty, head, rule]).toEqual(['', '| | |', '|---|---|']);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThanOrEqual(8);
    expect(rows.filter((row) => !/^\| [^|]+ \| [^|]+ \|$/.test(row))).toEqual([]);
  });

  test('begins with the most important line: what to fix, what it waits for, a pause, or the progress (with that of running batches)', () => {
    const inState = (state: ExportView['state']) => headline({ state });
    expect(inState({ kind: 'stopped', reason: MULTILINE, since: SINCE })).toMatch(
      /^\*\*Stopped: SOURCE_MALFORMED\. 3 lines .*Then: `temporal-mailchimp export resume newsletter`\*\*$/,
    );
    expect(inState({ kind: 'waiting', reason: MULTILINE, since: SINCE })).toMatch(
      /^\*\*Waiting: .*It retries by itself\.\*\*$/,
    );
    expect(inState({ kind: 'paused', since: SINCE })).toMatch(
      /^\*\*Paused: .* until: `temporal-mailchimp export resume newsletter`/,
    );
    expect(headline()).toBe('**Delivering: 28,958 of 45,030 changes done, about 6 min left**');
  });

  test('shows no time left before the rate of the lane is known, and after the last answer', () => {
    expect(headline({ done: 0, finishedInFlight: 0 }, 0)).toBe('**Delivering: 0 of 45,030 changes done**');
    expect(headline({ done: 45_030 })).toBe('**Delivering: 45,030 of 45,030 changes done**');
  });

  test('has a phase of its own words for each phase', () => {
    const words = EXPORT_PHASES.map((phase) => headline({ phase, plan: null }));
    expect(new Set(words).size).toBe(EXPORT_PHASES.length);
  });

  test('counts what is planned, under way and answered', () => {
    const text = page().join('\n');
    expect(text).toContain('| Profiles | 60,000 profiles selected, 40 addresses departed |');
    expect(text).toContain('| To send | 25,000 new, 20,000 changed, 30 to untag |');
    expect(text).toContain('| Not to send | 14,000 unchanged, 10 removed, 700 invalid, 300 duplicate |');
    expect(text).toContain('| Parts | 1 done, 1 in flight, 1 to go |');
  });

  test('says how many changes there are where tags are removed one by one, as the progress counts them', () => {
    const parts = [
      { ...PLAN.parts[0]!, rows: 1 },
      { ...PLAN.parts[2]!, rows: 4 },
    ];
    const plan = { ...PLAN, creates: 0, updates: 1, removals: 1, parts };
    expect(headline({ plan, done: 0, finishedInFlight: 0 }, 0)).toBe('**Delivering: 0 of 5 changes done**');
    expect(page({ plan }).join('\n')).toContain(
      '| To send | 0 new, 1 changed, 1 to untag (5 changes: to remove a tag is one of its own) |',
    );
  });

  test('ends with the report: outcomes that occurred, member statuses, and each tag', () => {
    const text = page({ phase: 'completed', report: report() }).join('\n');
    expect(text).toContain('**Completed: every profile has one outcome.**');
    expect(text).toContain(
      '| Outcomes | 25,000 created, 20,000 updated, 14,000 unchanged, 40 removed, 1,000 invalid |',
    );
    expect(text).toMatch(/\| Member statuses \| [\d,]+ subscribed/);
    expect(text).toContain('| Tag North (segment north) | 15,000 tagged, 5 untagged, 0 failed |');
    expect(text).not.toContain('more');
  });

  test('says how many tags it leaves out', () => {
    const segments = Array.from({ length: 60 }, () => report().segments[0]!);
    const text = page({ phase: 'completed', report: report({ segments }) }).join('\n');
    expect(text.match(/\| Tag VIP/g)).toHaveLength(3);
    expect(text).toContain('| Tags | 57 more |');
  });
});
