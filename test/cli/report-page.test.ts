import { describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { loadPlot } from '../../src/cli/export/page/load-plot';
import { toMarkdown } from '../../src/cli/export/page/markdown';
import { toPage } from '../../src/cli/export/page/page';
import { ratesOf, spansOf } from '../../src/cli/export/page/rates';
import type { PageFacts } from '../../src/cli/export/page/sections';
import { noOutcomes, OUTCOMES, type Outcome } from '../../src/contract/outcome';
import type { ExportReport } from '../../src/contract/report';
import { NEW_TIMELINE, TIMELINE_STATES, type Timeline } from '../../src/contract/timeline';
import { report } from '../workflows/samples';

const MARKUP =
  '<script>alert(1)</script> & "quoted" \'name\' | [x](https://out.test) <img src=https://out.test>';
const stateOf = (state: (typeof TIMELINE_STATES)[number]) => TIMELINE_STATES.indexOf(state);

const TIMELINE: Timeline = {
  took: { preparing: 10_000, sending: 20_000, provider: 60_000, waiting: 5_000, settling: 5_000 },
  points: [
    [0, 0, stateOf('preparing')],
    [10_000, 0, stateOf('sending')],
    [30_000, 500, stateOf('provider')],
    [90_000, 25_500, stateOf('waiting')],
    [95_000, 25_500, stateOf('settling')],
    [100_000, 25_500, stateOf('settling')],
  ],
};

/** A report with something of everything, and names that are markup. */
const FULL: ExportReport = report({
  outcomes: Object.fromEntries(OUTCOMES.map((outcome, place) => [outcome, 100 + place])) as Record<
    Outcome,
    number
  >,
  timeline: TIMELINE,
  durationMs: 100_000,
  invalid: { email_malformed: 4, [MARKUP]: 1 },
  segments: [
    { segment: MARKUP, tagId: 1, name: MARKUP, profiles: 9, tagged: 5, untagged: 2, failed: 1 },
    { segment: 'long', tagId: 2, name: 'x'.repeat(100), profiles: 3, tagged: 3, untagged: 0, failed: 0 },
  ],
  refusals: [
    { outcome: 'rejected', class: 'fake', text: MARKUP, count: 7 },
    { outcome: 'suppressed', class: 'opted_out', text: '', count: 2 },
  ],
  guards: [{ code: 'MASS_REMOVAL', message: MARKUP, number: 30, limit: 20 }],
  approval: { planId: 'p', by: MARKUP, at: '2026-11-23T18:05:00.000Z', numbers: [] },
});

const facts = (change: Partial<PageFacts> = {}): PageFacts => ({
  report: FULL,
  name: MARKUP,
  audience: MARKUP,
  before: report({ number: 2, outcomes: { ...noOutcomes(), created: 1 } }),
  people: undefined,
  peopleInAll: 700,
  ...change,
});

const PERSON = {
  key: '000007',
  email: 'anna@mail.test',
  outcome: 'rejected',
  reason: 'fake',
  text: MARKUP,
  attribute: null,
  winner: null,
  since: null,
};

function pageOf(change?: Partial<PageFacts>) {
  const text = toPage(facts(change), loadPlot());
  return { text, document: parseHTML(text).document };
}

describe('the page of a report', () => {
  const { text, document } = pageOf();

  test('has no script, no element that loads anything, and a policy that forbids both', () => {
    const names = new Set([...document.querySelectorAll('*')].map(({ localName }) => localName));
    for (const name of ['script', 'img', 'link', 'iframe', 'object', 'image', 'use', 'a', 'form', 'base'])
      expect(names).not.toContain(name);
    for (const element of document.querySelectorAll('*'))
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^(?:xlink:)?href$|^src/);
        expect(value).not.toMatch(/url\(|https?:(?!\/\/(?:www\.w3\.org|out\.test))/);
      }
    expect(document.querySelector('style')!.textContent).not.toMatch(/url\(|@import/);
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
    expect(policy!.getAttribute('content')).toMatch(/^default-src 'none'; style-src 'unsafe-inline';/);
  });

  test('shows names as they are, whatever is in them', () => {
    expect(document.querySelector('h1')!.textContent).toBe(`Export 3 of ${MARKUP}`);
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img src');
    const cells = [...document.querySelectorAll('td')].map(({ textContent }) => textContent);
    expect(cells).toContain(MARKUP);
  });

  test('has four charts with a title and a description, and their numbers as a table', () => {
    const charts = [...document.querySelectorAll('figure svg')];
    expect(charts.map((chart) => chart.querySelector('title')!.textContent)).toEqual([
      'Outcomes',
      'Rate over time',
      'Changes in each segment',
      'Not exported, by reason',
    ]);
    for (const chart of charts) {
      expect(chart.getAttribute('role')).toBe('img');
      expect(chart.querySelector('desc')!.textContent).not.toBe('');
      const section = chart.closest('section')!;
      expect(section.querySelectorAll('details tbody tr').length).toBeGreaterThan(0);
    }
    expect(charts[1]!.querySelector('desc')!.textContent).toMatch(
      /At most \d+ changes in a second; .*provider/,
    );
  });

  test('says how long it waited for what, who approved, what a reason means, and what changed', () => {
    const rows = [...document.querySelectorAll('tr')].map((row) =>
      [...row.querySelectorAll('td')].map(({ textContent }) => textContent),
    );
    expect(rows).toContainEqual(['waiting for Mailchimp to run batches', '1 min 0 s', '60%']);
    expect(rows).toContainEqual([
      'rejected',
      'fake',
      '7',
      'Mailchimp takes the address for invented',
      MARKUP,
    ]);
    expect(rows).toContainEqual(['outcomes', 'created', '1', '100', '+99']);
    expect(text).toContain('Approved by &lt;script&gt;');
  });

  test('names people only where that is asked for', () => {
    expect(text).not.toMatch(/anna@mail\.test|000007/);
    const named = pageOf({ people: [PERSON] });
    expect(named.text).toContain('anna@mail.test');
    expect(named.text).toContain('The first 1 of 700.');
    expect(named.text).not.toContain('<script>alert');
  });

  test('of an export without a timeline, or with nothing to show, says so and has no empty chart', () => {
    const bare = pageOf({
      report: report({ outcomes: noOutcomes(), segments: [], selected: 0, status: 'denied' }),
      before: undefined,
    });
    expect(bare.document.querySelectorAll('svg')).toHaveLength(0);
    expect(bare.text).toContain('When this export did what is not known');
    expect(bare.text).toContain('No report of an export before it is kept.');
  });
});

test('Markdown has the same tables, in which no name is markup', () => {
  const markdown = toMarkdown(facts());
  expect(markdown).toContain('| rejected | fake | 7 | Mailchimp takes the address for invented |');
  expect(markdown).not.toMatch(/<script|<img|(?<!\\)\]\(https/);
  expect(markdown).toContain('| --- | --- | --- | --- | --- |');
  expect(toMarkdown(facts({ people: [PERSON] }))).toContain('| anna@mail.test |');
});

test('of an undo, the page and Markdown say what it takes back, and what stays', () => {
  const undone = report({
    undo: { exportId: 'e2', number: 2, by: 'Kim' },
    remains: { overwritten: 4, forgotten: 0, reached: 1_200 },
  });
  const said = [
    'Takes back export 2, by Kim.',
    'Stays: 4 contacts had been in the audience, and not in the baseline',
    '1,200 contacts were added or tagged by the export',
  ];
  const page = pageOf({ report: undone }).document.querySelector('main')!.textContent;
  const markdown = toMarkdown(facts({ report: undone }));
  for (const line of said) {
    expect(page).toContain(line);
    expect(markdown).toContain(line);
  }
  expect(toMarkdown(facts())).not.toMatch(/Takes back|Stays:/);
});

describe('a rate over time', () => {
  test('spreads each burst of results over the time since the one before, and loses no change', () => {
    const rates = ratesOf(TIMELINE, 10);
    expect(rates.map(({ perSecond }) => Math.round(perSecond))).toEqual([
      0, 25, 25, 417, 417, 417, 417, 417, 417, 0,
    ]);
    const all = ratesOf(TIMELINE, 77).reduce(
      (sum, { from, to, perSecond }) => sum + ((to - from) / 1000) * perSecond,
      0,
    );
    expect(all).toBeCloseTo(25_500, 3);
  });

  test('is empty for an export that took no time, and leaves out states of a later version', () => {
    expect(ratesOf(NEW_TIMELINE, 10)).toEqual([]);
    const later: Timeline = {
      took: {},
      points: [
        [0, 0, 0],
        [5, 0, 99],
        [9, 0, 7],
        [12, 0, 7],
      ],
    };
    expect(spansOf(later)).toEqual([
      { from: 0, to: 5, state: 'preparing' },
      { from: 9, to: 12, state: 'settling' },
    ]);
  });
});
