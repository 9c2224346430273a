import { describe, expect, test } from '@jest/globals';
import { firstSteps, nextSteps } from '../../src/cli/dev/command';
import { createPace, createProgress } from '../../src/cli/export/progress';
import { describeForgottenIn, describeWhatStays } from '../../src/cli/text/forget';
import { toCsv } from '../../src/cli/text/csv';
import { describeState, OUTCOME_MEANING } from '../../src/text/describe-export';
import { describeReport } from '../../src/cli/text/report';
import { PLAIN_PAGE } from '../../src/cli/text/page';
import { table } from '../../src/cli/text/table';
import { describeView } from '../../src/cli/text/export';
import type { ExportView } from '../../src/contract/export';
import { noOutcomes, noMemberStatuses, NOT_EXPORTED_OUTCOMES, OUTCOMES } from '../../src/contract/outcome';
import { progressOf } from '../../src/text/progress';
import type { ExportPlan } from '../../src/contract/plan';
import type { ExportReport } from '../../src/contract/report';
import { SINCE } from '../workflows/samples';
import { fakeTerminal } from './terminal';

const PLAN: ExportPlan = {
  planId: 'p',
  selected: 40_000,
  departed: 10,
  creates: 30_000,
  updates: 0,
  removals: 0,
  uncertain: 0,
  readdressed: 0,
  decided: noOutcomes(),
  invalid: {},
  segments: [],
  warnings: [],
  chunks: 60,
  parts: [
    { part: 0, kind: 'upsert', firstChunk: 0, lastChunk: 49, rows: 25_000, canary: false },
    { part: 1, kind: 'upsert', firstChunk: 50, lastChunk: 59, rows: 5_000, canary: false },
  ],
  baselineSize: 0,
};

const VIEW: ExportView = {
  ref: { destinationId: 'news', exportId: 'e' },
  kind: 'export',
  number: 3,
  phase: 'delivering',
  state: { kind: 'running', since: SINCE },
  isPaused: false,
  startedAt: '2026-11-23T17:04:53.123Z',
  plan: PLAN,
  done: 0,
  refused: 0,
  unproven: 0,
  parts: { total: 2, submitted: 2, done: 0 },
  finishedInFlight: 30,
  lane: null,
  requests: 9,
  batches: 2,
  report: null,
  failure: null,
};

const REPORT: ExportReport = {
  destinationId: 'news',
  exportId: 'e',
  number: 3,
  status: 'completed',
  isSettled: true,
  startedAt: '2026-11-23T17:04:53.123Z',
  durationMs: 3_725_000,
  storeId: 'abcd',
  selected: 1_000_000,
  departed: 1,
  outcomes: { ...noOutcomes(), created: 999_990, removed: 1, rejected: 10 },
  uncertain: 0,
  readdressed: 0,
  memberStatuses: { ...noMemberStatuses(), subscribed: 999_000, unsubscribed: 990 },
  invalid: { email_missing: 0 },
  refusals: [{ outcome: 'rejected', class: 'fake', text: 'looks fake or invalid', count: 10 }],
  segments: [
    { segment: 'vip', tagId: 1, name: 'VIP', profiles: 1_000_000, tagged: 999_990, untagged: 1, failed: 10 },
  ],
  warnings: [
    { attribute: 'bio', field: 'BIO', kind: 'cut', count: 1 },
    { attribute: 'born', field: 'BIRTH', kind: 'omitted', count: 2_000 },
  ],
  mismatches: [],
  baselineSize: 999_990,
  tally: { requests: 2_100, batches: 1, lanes: null },
  guards: [],
  approval: null,
};

describe('tables', () => {
  test('align numbers to the right, without borders or trailing spaces', () => {
    expect(
      table(
        ['NAME', 'N'],
        [
          ['a', '1,000'],
          ['bcdef', '7'],
          ['x', null],
        ],
        PLAIN_PAGE,
      ),
    ).toBe('NAME       N\na      1,000\nbcdef      7\nx');
  });

  test('prevent a row from moving the cursor', () => {
    expect(table(['T'], [['a\u001b[2Jb\nc']], PLAIN_PAGE)).toBe('T\na\u{FFFD}[2Jb\u{FFFD}c');
    expect(table(['T'], [['a\u009b2J\u202Eb']], PLAIN_PAGE)).toBe('T\na\u{FFFD}2J\u{FFFD}b');
  });

  test('as CSV quote values that need quotes', () => {
    expect(
      toCsv(
        ['a', 'b'],
        [
          ['x,"y"', null],
          ['line\nbreak', 1],
        ],
      ),
    ).toBe('a,b\n"x,""y""",\n"line\nbreak",1');
  });

  test.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+1+cmd|calc!A1', "'+1+cmd|calc!A1"],
    ['-2+3', "'-2+3"],
    ['＝1', "'＝1"],
    ['\t=1', `"'\t'=1"`],
    ['\r=1', `"'\r'=1"`],
    [' =1', "' =1"],
    ['\u200B=1', "'\u200B=1"],
    ['a;=1', `"a;'=1"`],
    ['a\n-1+1', `"a\n'-1+1"`],
    ['a; b', '"a; b"'],
    ['-12', '-12'],
    ['+4930123', '+4930123'],
    ['a=b', 'a=b'],
    ['\u001b[31mred', '\u{FFFD}[31mred'],
  ])('as CSV prevent a spreadsheet from running %j', (text, field) => {
    expect(toCsv(['a'], [[text]])).toBe(`a\n${field}`);
  });
});

describe('a report', () => {
  test('shows outcomes, refusals, member statuses, segments, warnings, requests and the staging store', () => {
    const text = describeReport(REPORT);
    expect(text).toContain(
      'Export 3 completed: every profile has one outcome.\n1,000,000 profiles selected, 1 address departed.',
    );
    expect(text).toMatch(/created +999,990 +new to the audience/);
    expect(text).toMatch(/rejected +fake +10 +now +looks fake or invalid/);
    const withheld = { outcome: 'suppressed', class: 'archived', text: '', count: 2 } as const;
    expect(describeReport({ ...REPORT, refusals: [withheld] })).toMatch(
      /suppressed +archived +2 +\(withheld, not sent\)/,
    );
    const unproven = { outcome: 'unproven', class: 'no_answer', text: '', count: 2 } as const;
    expect(describeReport({ ...REPORT, refusals: [unproven] })).toMatch(
      /unproven +no_answer +2 +now +\(sent, without proof of the result\)/,
    );
    const remembered = {
      outcome: 'rejected',
      class: 'fake',
      text: 'fake',
      count: 2,
      rememberedSince: SINCE,
    } as const;
    expect(describeReport({ ...REPORT, refusals: [remembered] })).toMatch(
      /rejected +fake +2 +remembered since \d{4}-\d\d-\d\d .* UTC +fake/,
    );
    expect(text).toMatch(/subscribed +999,000 +receive campaigns/);
    expect(text).toMatch(/vip +VIP +1,000,000 +999,990 +1 +10/);
    expect(text).toContain('Warning: 1 value of bio cut to the 255 bytes that BIO allows.');
    expect(text).toContain('Warning: 2,000 values of born left out, because they do not fit BIRTH.');
    expect(text).toMatch(/Requests +2,100, 1 batch\n/);
    expect(text).toMatch(/took 1 h 2 min/);
    expect(text).toMatch(/Rows +staging store abcd/);
    expect(text).toContain('temporal-mailchimp export failures news 3');
    expect(text).not.toContain('INVALID: RULE');
  });

  test('of an export that failed before planning is short', () => {
    const failed = {
      ...REPORT,
      isSettled: false,
      status: 'failed' as const,
      selected: 0,
      departed: 0,
      outcomes: noOutcomes(),
    };
    const text = describeReport({
      ...failed,
      memberStatuses: noMemberStatuses(),
      refusals: [],
      segments: [],
      warnings: [],
      tally: null,
    });
    expect(text).toMatch(/^Export 3 failed\.\n0 profiles selected/);
    expect(text).toMatch(/Requests +unknown$/);
    expect(text).not.toContain('MEANING');
  });

  test('explains every outcome, and lists those that were not exported', () => {
    expect(Object.keys(OUTCOME_MEANING)).toEqual([...OUTCOMES]);
    const exported = ['created', 'updated', 'unchanged', 'removed', 'archived'];
    expect([...NOT_EXPORTED_OUTCOMES]).toEqual(OUTCOMES.filter((outcome) => !exported.includes(outcome)));
  });
});

describe('what stays of a forgotten person', () => {
  const choices = { mailchimp: 'keep', keepOut: true } as const;
  const counts = { contacts: 0, rows: 1, files: 1, atMailchimp: 0, openWrites: 0 };
  const stays = (isKeptOut: boolean) =>
    describeWhatStays(choices, [
      { destinationId: 'news', audience: 'News', forgotten: { ...counts, isKeptOut } },
      { destinationId: 'other', audience: 'Other', problem: { code: 'X', message: '' } },
    ]);

  test('says that the person is kept out where an address was known, and otherwise that it is not', () => {
    expect(stays(true)).toMatch(/later exports read and withhold.*keyed hash/);
    expect(stays(false)).toMatch(/the next export sends again.*not kept out of later exports/);
  });

  test.each([
    [1, '1 earlier export was never settled, and its rows are gone'],
    [2, '2 earlier exports were never settled, and their rows are gone'],
  ])('names exports whose rows are gone: %p', (givenUp, text) => {
    const forgotten = { ...counts, isKeptOut: false, givenUp };
    expect(describeForgottenIn({ destinationId: 'news', audience: 'News', forgotten })).toContain(text);
  });
});

describe('a running export', () => {
  test('counts finished operations of running batches as done', () => {
    expect(progressOf(VIEW)).toEqual({ done: 15_000, total: 30_000 });
    expect(progressOf({ ...VIEW, done: 30_000 })).toEqual({ done: 30_000, total: 30_000 });
    expect(progressOf({ ...VIEW, plan: null })).toBeUndefined();
    expect(describeView(VIEW)).toMatch(/Changes +15,000 of 30,000 done/);
  });

  test('that waits, has stopped or is paused says so, and how to continue', () => {
    const reason = { code: 'PLAN_LIMIT', message: 'The plan\nis full.' } as const;
    expect(describeState({ ...VIEW, state: { kind: 'stopped', reason, since: SINCE } })).toBe(
      'Stopped: PLAN_LIMIT. The plan is full. Then: temporal-mailchimp export resume news',
    );
    expect(
      describeState({
        ...VIEW,
        state: { kind: 'waiting', reason: { ...reason, code: 'MAILCHIMP_BUSY' }, since: SINCE },
      }),
    ).toBe('Waiting: MAILCHIMP_BUSY. The plan is full. It retries by itself.');
    expect(describeState({ ...VIEW, state: { kind: 'paused', since: SINCE } })).toContain(
      'temporal-mailchimp export resume news',
    );
  });

  test('has a rate: changes per second in the last minute', () => {
    const pace = createPace();
    expect(pace.measure({ done: 0, total: 100 }, 0)).toBeUndefined();
    expect(pace.measure({ done: 0, total: 100 }, 10_000)).toBeUndefined();
    expect(pace.measure({ done: 20, total: 100 }, 20_000)).toBe(1);
    expect(pace.measure({ done: 80, total: 100 }, 80_000)).toBe(1);
    expect(pace.measure({ done: 80, total: 100 }, 140_000)).toBeUndefined();
  });

  test('is shown in a log as lines, without repeated lines', () => {
    const terminal = fakeTerminal();
    const progress = createProgress(terminal);
    progress.update({ ...VIEW, phase: 'snapshot', plan: null });
    progress.update({ ...VIEW, phase: 'snapshot', plan: null });
    progress.update(VIEW);
    progress.update({ ...VIEW, finishedInFlight: 31 });
    progress.say('A line.');
    progress.close();
    expect(terminal.errors()).toBe('Reading the source\nDelivering: 15,000 of 30,000 changes\nA line.\n');
    expect(terminal.output()).toBe('');
  });

  test('is shown in a terminal as a bar below the state', () => {
    const terminal = fakeTerminal({ answers: [] });
    const progress = createProgress(terminal);
    progress.update({ ...VIEW, phase: 'snapshot', plan: null });
    progress.update(VIEW);
    progress.update({ ...VIEW, state: { kind: 'paused', since: SINCE } });
    progress.update(VIEW);
    progress.finish();
    progress.close();
    const errors = terminal.errors();
    expect(errors).toMatch(/^Reading the source\nDelivering\n/);
    expect(errors).toContain('[===============               ] 50% 15,000 of 30,000 changes');
    expect(errors).toContain('Paused: ');
    expect(errors).toContain('[==============================] 100% 30,000 of 30,000 changes');
    // The bar hides the cursor and must restore it.
    expect(errors.lastIndexOf('\u001b[?25h')).toBeGreaterThan(errors.lastIndexOf('\u001b[?25l'));
  });
});

test('the bar that stays on the screen when delivery has ended says how far it came', () => {
  const terminal = fakeTerminal({ answers: [] });
  const progress = createProgress(terminal);
  progress.update(VIEW);
  progress.update({ ...VIEW, phase: 'settling', done: 30_000, finishedInFlight: 0 });
  progress.close();
  const bars = terminal.errors().split('Settling')[0];
  expect(bars).toContain('[==============================] 100% 30,000 of 30,000 changes');
});

describe('the commands after `dev`', () => {
  const destinations = { newsletter: { connect: {} } as never };

  test('contain the destination of the file', () => {
    const program = 'npx temporal-mailchimp --config a.yaml';
    expect(firstSteps({ destinations }, program).slice(1)).toEqual([
      `  ${program} destination connect newsletter --agree --as "YOUR NAME"`,
      `  ${program} destination configure newsletter`,
      `  ${program} export start newsletter`,
    ]);
    expect(nextSteps({ destinations }, program).at(-1)).toBe(`  ${program} export start newsletter`);
    expect(firstSteps({ destinations: {} }, program).at(-1)).toBe(`  ${program} export start NAME`);
  });
});
