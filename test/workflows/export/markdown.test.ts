import { expect, test } from '@jest/globals';
import { describeDestination } from '../../../src/workflows/destination/current-details';
import { NEW_DESTINATION, type DestinationState } from '../../../src/workflows/destination/state';
import { inMarkdown } from '../../../src/workflows/details-page';
import { DESTINATION, INPUT, report } from '../samples';

test.each([
  ['Our News & Offers (2026)', 'Our News & Offers (2026)'],
  ['MAILCHIMP_API_KEY is not set', 'MAILCHIMP_API_KEY is not set'],
  ['a | b\n| c', 'a / b / c'],
  ['![x](https://evil.test/pixel)', String.raw`!\[x\](https://evil.test/pixel)`],
  ['<img src=x onerror=alert(1)>', String.raw`\<img src=x onerror=alert(1)\>`],
  ['**bold** `code` \\', String.raw`\*\*bold\*\* \`code\` \\`],
  ['tab\tescape\u001b[31m\u202Eright', String.raw`tab escape \[31m right`],
])('%j is plain text in Markdown', (text, markdown) => {
  expect(inMarkdown(text)).toBe(markdown);
});

const SHOWN = { destinationId: 'news', namespace: 'default', refusal: null, waits: null, nowMs: 0 };

const CONNECTED: DestinationState = {
  ...NEW_DESTINATION,
  phase: 'connected',
  connection: {
    name: 'News *',
    account: 'main',
    accountId: '1',
    audience: { id: 'c417f00d5e', name: 'A |\n\n# B ![x](y)', doubleOptin: false },
    source: 'crm',
    storeId: 's',
    workerTimeoutSeconds: 120,
    statusIfNew: 'subscribed',
    exportUser: 'Kim',
  },
};

test('the page of a destination stays a table, whatever it and the audience are called', () => {
  const page = describeDestination(CONNECTED, SHOWN);
  expect(page.split('\n')).toHaveLength(10);
  expect(page).toContain(String.raw`| Audience | A / # B !\[x\](y) (c417f00d5e) |`);
});

test('the page of a destination begins with its name, and then the last export: the Web UI shows few lines', () => {
  const state = { ...CONNECTED, exports: [report({ startedAt: '2026-11-27T06:39:40.123Z' })] };
  const [first, , , , last] = describeDestination(state, SHOWN).split('\n');
  expect(first).toBe(String.raw`**News \*: destination connected**`);
  expect(last).toMatch(
    /^\| Last export \| \[3\]\(\/namespaces\/default\/workflows\/mailchimp%2Fnews%2Fexport\): completed, 60,000 profiles, 2026-11-27 06:39:40 UTC \|$/,
  );
});

test('the page of a destination in every kind of trouble has at most eight lines, what is wrong before its settings', () => {
  const at = '2026-11-27T06:00:00.000Z';
  const failure = { code: 'ALERT_REFUSED', message: 'The receiver has answered 404.' } as const;
  const state: DestinationState = {
    ...CONNECTED,
    unsettled: DESTINATION.unsettled,
    queue: [{ ...DESTINATION.unsettled!, number: 4 }],
    configuration: { ...INPUT.configuration, leavers: 'archive' },
    consent: { agreedBy: 'Kim', agreedAt: at, textVersion: '2026-11', withdrawnBy: 'Lee', withdrawnAt: at },
    schedules: [{ name: 'nightly', times: 'daily at 02:30 (UTC)', askedAt: at }],
    alerts: {
      pending: [],
      undelivered: ['ops', 'chat'].map((receiver) => ({ receiver, event: 'held', at, failure })),
    },
    exports: [report()],
  };
  const rows = describeDestination(state, SHOWN).split('\n').slice(4);
  expect(rows.map((row) => row.split(' | ')[0]!.slice('| '.length))).toEqual([
    'Now',
    'Queued',
    'Consent',
    'Next refresh',
    'Alerts',
    'Last export',
    'In the baseline',
    'Audience',
  ]);
  expect(rows[4]).toMatch(/ops has not got "held" .* The same holds for 1 other receiver\. \|$/);
});
