import { describe, expect, test } from '@jest/globals';
import { describeReport } from '../../src/cli/text/report';
import { describeView } from '../../src/cli/text/export';
import { EXPORT_PHASES, type ExportView } from '../../src/contract/export';
import type { Held } from '../../src/contract/guard';
import type { Reason } from '../../src/contract/reason';
import type { ExportReport } from '../../src/contract/report';
import { describeStatus, describeState, describeStateShortly } from '../../src/text/describe-export';
import { describeExport } from '../../src/workflows/export/current-details';
import { describeDestination } from '../../src/workflows/destination/current-details';
import { DESTINATION, INPUT, report, SINCE, view } from '../workflows/samples';

const HELD: Held = {
  planId: 'p1',
  since: '2026-11-27T06:00:00.000Z',
  until: '2026-11-28T06:00:00.000Z',
  guards: [
    { code: 'MASS_REMOVAL', message: '30 people would lose the tag "VIP".', number: 30, limit: 20 },
    { code: 'NEW_CONTACTS', message: '9 new contacts would be created.', number: 9, limit: 5 },
  ],
};
const DESTINATION_SHOWN = {
  destinationId: 'newsletter',
  namespace: 'default',
  refusal: null,
  waits: null,
  nowMs: 0,
};
const REASON: Reason = { code: 'PLAN_LIMIT', message: 'The plan\nis full.' };

const STATES: readonly (readonly [string, Partial<ExportView>])[] = [
  ...EXPORT_PHASES.map((phase) => [phase, { phase }] as const),
  ['held', { phase: 'held', state: { kind: 'held', held: HELD, since: SINCE } }],
  ['paused', { state: { kind: 'paused', since: SINCE } }],
  ['waiting', { state: { kind: 'waiting', reason: REASON, since: SINCE } }],
  ['stopped', { state: { kind: 'stopped', reason: REASON, since: SINCE } }],
  ['cancelling', { state: { kind: 'cancelling', failure: null, since: SINCE } }],
  ['failing', { state: { kind: 'cancelling', failure: REASON, since: SINCE } }],
];

const SHOWN = { rowsPerMs: 0, namespace: 'default' };

/** The page in the Web UI, without Markdown escapes. */
const page = (change: Partial<ExportView>) =>
  describeExport(view(change), INPUT, SHOWN).replaceAll(/[\\`]/g, '');

test('a job that forgets a person says so, and speaks of no outcomes', () => {
  const said = describeState(view({ kind: 'forget', phase: 'settling' }));
  expect(said).toBe('Removing a person from the rows of the store');
});

describe('the Web UI and the command line use the same text', () => {
  test.each(STATES)('for a running export: %s', (_, change) => {
    const state = describeState(view(change));
    expect(page(change)).toContain(`**${state}`);
    // Only the command line can break the line.
    expect(describeView(view(change)).replaceAll(/\s+/g, ' ')).toContain(`Export 3 of newsletter: ${state}`);
  });

  test('for the plan and the progress', () => {
    const rows = page({}).split('\n').slice(4, -2);
    expect(rows.length).toBeGreaterThan(4);
    for (const row of rows) {
      const [, name, value] = /^\| (.*) \| (.*) \|$/.exec(row)!;
      expect(describeView(view()).replaceAll(/ +/g, ' ')).toContain(`${name} ${value}`);
    }
  });

  test.each(['completed', 'planned', 'cancelled', 'denied', 'expired', 'replanned', 'failed'] as const)(
    'for an export that has ended: %s',
    (status) => {
      const ended = report({ status, ...(status === 'replanned' && { next: { exportId: 'e', number: 4 } }) });
      const words = describeStatus(ended);
      expect(page({ phase: status, report: ended })).toContain(`**${words}**`);
      expect(describeReport(ended).toLowerCase()).toContain(`export 3 ${words.toLowerCase()}`);
    },
  );

  test('for warnings, for guards and for the approval', () => {
    const ended: ExportReport = report({
      warnings: [{ attribute: 'bio', field: 'BIO', kind: 'cut', count: 2 }],
      guards: HELD.guards,
      approval: { planId: 'p1', by: 'Kim', at: '2026-11-27T08:00:00.000Z', numbers: [] },
    });
    for (const text of [page({ phase: 'completed', report: ended }), describeReport(ended)]) {
      for (const words of [
        '2 values of bio cut to the 255 bytes that BIO allows.',
        'MASS_REMOVAL. 30 people would lose the tag "VIP".',
        'NEW_CONTACTS. 9 new contacts would be created.',
        'Kim, 2026-11-27 08:00:00 UTC',
      ]) {
        expect(text).toContain(words);
      }
    }
  });
});

test.each([
  [
    'stopped',
    { kind: 'stopped', reason: REASON, since: SINCE },
    'Stopped: PLAN_LIMIT. The plan is full. Then: temporal-mailchimp export resume newsletter',
  ],
  [
    'waiting',
    { kind: 'waiting', reason: REASON, since: SINCE },
    'Waiting: PLAN_LIMIT. The plan is full. It retries by itself.',
  ],
  [
    'held',
    { kind: 'held', held: HELD, since: SINCE },
    'Held: MASS_REMOVAL. 30 people would lose the tag "VIP". NEW_CONTACTS. 9 new contacts would be created. Nothing was sent. ' +
      'Until 2026-11-28 06:00:00 UTC: temporal-mailchimp export approve newsletter --plan p1 or: temporal-mailchimp export deny newsletter --plan p1',
  ],
  [
    'paused',
    { kind: 'paused', since: SINCE },
    'Paused: batches in flight finish, no further changes are sent until: temporal-mailchimp export resume newsletter',
  ],
  [
    'cancelling',
    { kind: 'cancelling', failure: null, since: SINCE },
    'Cancelling. Its batches at Mailchimp are deleted, and what was acknowledged is counted.',
  ],
  [
    'failing',
    { kind: 'cancelling', failure: REASON, since: SINCE },
    'Failing: PLAN_LIMIT. The plan is full. Its batches at Mailchimp are deleted, and what was acknowledged is counted.',
  ],
] as const)(
  'an export that is %s says so in one line, with what happens next or what to do',
  (_, state, line) => {
    expect(describeState(view({ state, phase: 'held' }))).toBe(line);
  },
);

test('a plan without a baseline says why it updates every contact of the audience; others do not', () => {
  const sample = report({ kind: 'plan', status: 'planned', baselineSize: 0 });
  const plan = { ...sample, outcomes: { ...sample.outcomes, unchanged: 0, removed: 0 } };
  const words =
    'The baseline is empty, so what 20,000 contacts of the audience have is not known: each is sent once';
  expect(describeReport(plan)).toContain(words);
  expect(page({ phase: 'planned', report: plan })).toContain(words);
  const known = [
    { ...plan, baselineSize: 1 },
    { ...plan, gone: 1 },
    // All its addresses have adopted tags.
    { ...plan, outcomes: { ...plan.outcomes, unchanged: 1 } },
    { ...plan, outcomes: { ...plan.outcomes, removed: 1 } },
    { ...plan, status: 'completed' as const },
  ];
  for (const other of known) expect(describeReport(other)).not.toContain('The baseline is empty');
});

test('an export that failed says why: on its page, on that of its destination, and on the command line', () => {
  const failed = report({ status: 'failed', failure: REASON });
  const line = 'Failed: PLAN_LIMIT. The plan is full.';
  // It failed while it ran, or in settling.
  expect(page({ phase: 'failed', failure: REASON })).toContain(`**${line}**`);
  expect(page({ phase: 'failed', report: failed })).toContain('**Failed. PLAN_LIMIT. The plan is full.**');
  expect(describeView(view({ phase: 'failed', failure: REASON }))).toContain(line);
  expect(describeDestination({ ...DESTINATION, exports: [failed] }, DESTINATION_SHOWN)).toContain(
    '| Last export | 3: failed, 60,000 profiles, 2026-11-23 18:00:00 UTC. PLAN_LIMIT. The plan is full. |',
  );
  expect(describeReport(failed)).toMatch(/^Export 3 failed\.\nPLAN_LIMIT: The plan\nis full\.\n/);
});

test('the guards of a held export, and what to do, have a line each in the CLI, and one line in the Web UI', () => {
  const guards = [
    { ...HELD.guards[0]!, message: 'One.' },
    { ...HELD.guards[0]!, message: 'Two.' },
  ];
  const state = { kind: 'held', held: { ...HELD, guards }, since: SINCE } as const;
  const held = view({ state, phase: 'held' });
  const [{ code }] = guards as [(typeof guards)[0]];
  const command = (verb: string) => `temporal-mailchimp export ${verb} newsletter --plan ${HELD.planId}`;
  expect(describeView(held)).toContain(
    `Held:\n  ${code}. One.\n  ${code}. Two.\nNothing was sent. Until 2026-11-28 06:00:00 UTC: ${command('approve')}\nor: ${command('deny')}\n`,
  );
  expect(describeState(held)).toContain(`Held: ${code}. One. ${code}. Two. Nothing was sent. Until `);
});

test('a report says what a row is that was delivered: a contact can have several', () => {
  const lanes = { batch: 0, direct: 8, why: 'few changes' };
  expect(describeReport(report({ tally: { requests: 9, batches: 0, lanes } }))).toContain(
    '8 rows directly (few changes). A row writes one contact, or removes one tag from one contact.',
  );
});

test('an export that is held, stopped or waits says whether it is paused as well', () => {
  const lines = [
    { kind: 'held', held: HELD, since: SINCE },
    { kind: 'stopped', reason: REASON, since: SINCE },
    { kind: 'waiting', reason: REASON, since: SINCE },
  ] as const;
  expect(lines.map((state) => describeState(view({ state, isPaused: true })))).toEqual([
    expect.stringMatching(
      /^Held, and paused: .* Once approved, it stays paused until: \S+ export resume newsletter$/,
    ),
    'Stopped, and paused: PLAN_LIMIT. The plan is full. Then: temporal-mailchimp export resume newsletter',
    'Waiting, and paused: PLAN_LIMIT. The plan is full. It retries by itself, and sends nothing until: temporal-mailchimp export resume newsletter',
  ]);
  expect(describeStateShortly(view({ state: lines[1], isPaused: true }))).toBe(
    'stopped (PLAN_LIMIT) since 2026-11-23 18:05:00 UTC, and paused',
  );
});
