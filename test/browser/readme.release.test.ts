import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { CLI, parseDocument, type DevDocument } from '../cli/dev-document';
import { printOnTerminal, printToPipe } from '../cli/pseudo-terminal';
import { until } from '../support/until';
import { LAUNCH_TIMEOUT_MS, launchBrowser } from './chromium';
import { openSchedule, openWorkflow } from './web-ui';

const ROOT = resolve(__dirname, '../..');
const COLUMNS = 136;
const PICTURE = { viewport: { width: 1280, height: 900 }, deviceScaleFactor: 2 };
/** With the note, which says in words what the JSON beside it means. */
const HIGH_PICTURE = { ...PICTURE, viewport: { width: 1280, height: 1000 } };

let browser: Browser;
let dev: OwnedProcess;
let folder: string;
let document: DevDocument;

beforeAll(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  await cp(join(ROOT, 'examples/chinook'), folder, { recursive: true });
  const argv = [CLI, 'dev', '--port', '0', '--ui-port', '0', '--json'];
  dev = await spawnOwned({ command: process.execPath, args: argv, cwd: folder });
  document = await until(async () => parseDocument(dev.output()));
}, LAUNCH_TIMEOUT_MS);

afterAll(async () => {
  await browser.close();
  await dev.stop();
  await rm(folder, { recursive: true, force: true });
});

test('the pictures of the README show what the commands print and what the Web UI shows', async () => {
  // Its port is a free one, which the other commands would tell.
  const env = { TEMPORAL_ADDRESS: document.temporal.address };
  const where = { cwd: folder, env };
  const run = async (line: string) => {
    const { code, errors } = await printToPipe(line.split(' '), where);
    expect({ line, code, errors }).toEqual({ line, code: 0, errors: expect.any(String) });
  };
  await run('destination connect newsletter --agree --as Ada');
  await run('destination configure newsletter');
  const line = 'export start newsletter';
  const shown = await printOnTerminal(line.split(' '), {
    cwd: folder,
    columns: COLUMNS,
    // As npx sets it: hints begin with npx then.
    env: { ...env, npm_lifecycle_script: 'temporal-mailchimp' },
  });
  expect(shown.code).toBe(0);
  expect(shown.lines.join('\n')).toMatch(/OUTCOME +PROFILES +MEANING[^]*SEGMENT +TAG[^]*INVALID: RULE/);
  await keep('terminal.png', await pictureOf(`$ npx temporal-mailchimp ${line}\n${shown.output}`));

  const opened = await openWorkflow(browser, document.temporal, {
    workflowId: 'mailchimp/newsletter/export',
    options: PICTURE,
  });
  const { firstLine, rows } = await opened.currentDetails(/Completed/);
  expect(firstLine).toBe('Completed: every profile has one outcome.');
  expect(Object.keys(rows)).toEqual(expect.arrayContaining(['Outcomes', 'Destination']));
  expect(Object.keys(rows).filter((name) => name.startsWith('Tag ')).length).toBeGreaterThan(0);
  await keep('web-ui.png', await opened.page.screenshot());

  await run('schedule create nightly --all --daily 02:30 --timezone Europe/Berlin');
  await run('schedule trigger nightly');
  const { runs } = await until(async () => {
    const shown = JSON.parse(
      (await printToPipe('schedule show nightly --json'.split(' '), where)).output,
    ) as {
      runs: { status: string; workflowId: string }[];
    };
    return shown.runs[0]?.status === 'completed' && shown;
  });
  const schedule = await openSchedule(browser, document.temporal, { name: 'nightly', options: HIGH_PICTURE });
  expect(await schedule.note()).toBe('Refresh of all destinations, daily at 02:30 (Europe/Berlin)');
  await keep('schedule.png', await schedule.page.screenshot());
  const refresh = await openWorkflow(browser, document.temporal, {
    workflowId: runs[0]!.workflowId,
    options: PICTURE,
  });
  expect((await refresh.currentDetails(/Up to date/)).firstLine).toBe('Up to date: 1 with nothing to send');
  await keep('refresh.png', await refresh.page.screenshot());
});

/** `PICTURES=1` puts them into the README. */
async function keep(name: string, picture: Buffer): Promise<void> {
  expect(picture.length).toBeGreaterThan(10_000);
  if (process.env['PICTURES']) await writeFile(join(ROOT, 'docs/images', name), picture);
}

/** Of a terminal that shows a text with its escape codes. */
async function pictureOf(text: string): Promise<Buffer> {
  const page = await browser.newPage({ deviceScaleFactor: 2 });
  await page.setContent(
    '<body style="margin:0;background:#11151c"><div id="t" style="padding:16px;display:inline-block"></div></body>',
  );
  const xterm = dirname(require.resolve('@xterm/xterm/package.json'));
  await page.addStyleTag({ path: join(xterm, 'css/xterm.css') });
  await page.addScriptTag({ path: join(xterm, 'lib/xterm.js') });
  await page.evaluate(showOnTerminal(text.replaceAll('\n', '\r\n')));
  const picture = await page.locator('#t').screenshot();
  await page.close();
  return picture;
}

/** For the browser: TypeScript knows only what Node has. */
const showOnTerminal = (text: string) => `new Promise((resolve) => {
  const terminal = new Terminal({
    cols: ${COLUMNS},
    rows: 80,
    theme: { background: '#11151c', foreground: '#d8dee9' },
    fontSize: 14,
    fontFamily: 'DejaVu Sans Mono',
    cursorInactiveStyle: 'none',
  });
  terminal.open(document.getElementById('t'));
  terminal.write(${JSON.stringify(text)}, () => {
    const { baseY, cursorY } = terminal.buffer.active;
    terminal.resize(${COLUMNS}, baseY + cursorY + 1);
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  });
})`;
