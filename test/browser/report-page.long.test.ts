import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { loadPlot } from '../../src/cli/export/page/load-plot';
import { toPage } from '../../src/cli/export/page/page';
import { noOutcomes } from '../../src/contract/outcome';
import { closedTimeline, NEW_TIMELINE, withSeen, type OpenTimeline } from '../../src/contract/timeline';
import { report } from '../workflows/samples';
import { LAUNCH_TIMEOUT_MS, launchBrowser } from './chromium';

const ROOT = resolve(__dirname, '../..');

let browser: Browser;
let folder: string;
let file: string;

/** An export by batches: results arrive in parts, and in the middle Mailchimp is unavailable for a while. */
function timeline() {
  let made: OpenTimeline = NEW_TIMELINE;
  const see = (seconds: number, changes: number, state: 'sending' | 'provider' | 'waiting' | 'settling') => {
    made = withSeen(made, { ms: seconds * 1000, changes, state });
  };
  see(12, 0, 'sending');
  for (let part = 1; part <= 18; part++) {
    const at = 20 + part * 22 + (part % 4) * 5 + (part > 9 ? 90 : 0);
    if (part === 10) see(at - 100, (part - 1) * 2_500, 'waiting');
    see(at - 18, (part - 1) * 2_500, 'provider');
    see(at, part * 2_500, 'sending');
  }
  see(540, 45_000, 'settling');
  return closedTimeline(made, 552_000);
}

const segment = (name: string, [tagged = 0, untagged = 0, failed = 0]: readonly number[]) => ({
  segment: name,
  tagId: 1,
  name,
  profiles: tagged * 3,
  tagged,
  untagged,
  failed,
});

const refused = (name: 'fake' | 'compliance', count: number, text: string) => ({
  outcome: name === 'fake' ? ('rejected' as const) : ('suppressed' as const),
  class: name,
  text,
  count,
});

beforeAll(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'report-page-'));
  file = join(folder, 'report.html');
  const ended = report({
    number: 12,
    timeline: timeline(),
    durationMs: 552_000,
    outcomes: {
      ...noOutcomes(),
      created: 21_000,
      updated: 23_100,
      unchanged: 12_000,
      removed: 40,
      invalid: 1_900,
      duplicate: 700,
      suppressed: 820,
      rejected: 480,
    },
    invalid: { email_malformed: 1_500, email_missing: 400 },
    refusals: [
      refused('compliance', 820, 'is in a compliance state due to unsubscribe, bounce or compliance review'),
      refused('fake', 480, 'looks fake or invalid, please enter a real email address.'),
    ],
    segments: [
      segment('Loyal customers', [18_400, 320, 60]),
      segment('New in Norway', [12_050, 0, 25]),
      segment('Has not bought for a year', [6_900, 4_100, 110]),
      segment('Birthday this month', [2_300, 1_900, 0]),
    ],
    guards: [
      {
        code: 'NEW_CONTACTS',
        message: '21,000 new contacts, more than 20,000',
        number: 21_000,
        limit: 20_000,
      },
    ],
    approval: {
      planId: 'p',
      by: 'Kim',
      at: '2026-11-23T18:05:00.000Z',
      numbers: [{ code: 'NEW_CONTACTS', number: 21_000 }],
    },
  });
  const facts = {
    report: ended,
    name: 'Newsletter',
    audience: 'Chinook',
    people: undefined,
    peopleInAll: 3_900,
  };
  await writeFile(file, toPage({ ...facts, before: report({ number: 11 }) }, loadPlot()));
}, LAUNCH_TIMEOUT_MS);

afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens the page, and notes what it asks for, and what the browser complains about. */
async function opened(options: Parameters<Browser['newPage']>[0]) {
  const page = await browser.newPage(options);
  const requests: string[] = [];
  const problems: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(pathToFileURL(file).href);
  return { page, requests, problems };
}

const coloursOf = (page: Page) =>
  page.evaluate('[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]');

test('the page opens from disk, loads nothing else, and nothing is wider than it', async () => {
  const { page, requests, problems } = await opened({
    viewport: { width: 1024, height: 900 },
    deviceScaleFactor: 2,
  });
  expect(requests).toEqual([pathToFileURL(file).href]);
  expect(problems).toEqual([]);
  expect(await page.locator('figure svg').count()).toBe(4);
  for (const chart of await page.locator('figure svg').all()) {
    const box = await chart.boundingBox();
    expect(box!.width).toBeGreaterThan(600);
    expect(box!.height).toBeGreaterThan(60);
  }
  expect(await page.getByRole('img', { name: 'Rate over time' }).count()).toBe(1);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  const numbers = page.locator('details').first();
  await numbers.locator('summary').click();
  expect(await numbers.locator('tbody tr').first().isVisible()).toBe(true);
  await numbers.locator('summary').click();
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 1024, height: 1340 }, fullPage: true });
  expect(picture.length).toBeGreaterThan(20_000);
  if (process.env['PICTURES']) await writeFile(join(ROOT, 'docs/images/report.png'), picture);
  await page.close();
});

test('it is dark where the reader has chosen dark, light on paper, and fits a telephone', async () => {
  const dark = await opened({ colorScheme: 'dark', viewport: { width: 390, height: 800 } });
  expect(await coloursOf(dark.page)).toEqual(['rgb(18, 24, 31)', 'rgb(223, 230, 238)']);
  expect(await dark.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  await dark.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  expect(await coloursOf(dark.page)).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
  expect((await dark.page.pdf()).length).toBeGreaterThan(20_000);
  await dark.page.close();
  expect(await readFile(file, 'utf8')).not.toMatch(/[\w.]+@[\w.]+/);
});
