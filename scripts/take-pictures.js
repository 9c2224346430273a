// Usage: npm run build && node scripts/take-pictures.js. Writes the pictures of the README, docs/images/*.png: an export of the Chinook
// example on a terminal, and the same export in the Web UI. The usual ports 7233 and 8233 must be free. Needs Chromium (CHROMIUM_PATH, default /usr/bin/chromium) and `script` of
// util-linux, which gives the command a terminal.
const { execFileSync, spawn } = require('node:child_process');
const events = require('node:events');
const { cpSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

const ROOT = path.resolve(__dirname, '..');
const IMAGES = path.join(ROOT, 'docs/images');
const PROGRAM = path.join(ROOT, 'dist/cli/main.js');
const COLUMNS = 136;
const PICTURE = { width: 1280, height: 900 };
const COMPLETED = 'Completed: every profile has one outcome';

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'pictures-'));
  cpSync(path.join(ROOT, 'examples/chinook'), folder, { recursive: true });
  const dev = spawn(process.execPath, [PROGRAM, 'dev', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { temporal } = await firstDocument(dev.stdout);
    const run = (...argv) => execFileSync(process.execPath, [PROGRAM, ...argv], { cwd: folder });
    run('destination', 'connect', 'newsletter', '--agree', '--as', 'Ada Lovelace');
    run('destination', 'configure', 'newsletter');
    const shown = onTerminal(folder, 'export start newsletter');
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
    try {
      await pictureOfTerminal(browser, shown);
      await pictureOfWebUi(browser, temporal);
    } finally {
      await browser.close();
    }
  } finally {
    dev.kill('SIGINT');
    await events.once(dev, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The document that `dev --json` prints when everything runs. */
async function firstDocument(stream) {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk;
    try {
      return JSON.parse(text);
    } catch {
      // Not complete yet.
    }
  }
  throw new Error('dev ended without a document');
}

/** What a terminal of this width gets, with its escape codes. */
function onTerminal(cwd, line) {
  const command = `stty cols ${COLUMNS} rows 60; "${process.execPath}" "${PROGRAM}" ${line}`;
  const shown = execFileSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    encoding: 'utf8',
    // As npx sets it: hints then begin with npx.
    env: { ...process.env, TERM: 'xterm-256color', npm_lifecycle_script: 'temporal-mailchimp' },
  });
  return `$ npx temporal-mailchimp ${line}\r\n${shown}`;
}

async function pictureOfTerminal(browser, text) {
  const page = await browser.newPage({ deviceScaleFactor: 2 });
  await page.setContent(
    '<body style="margin:0;background:#11151c"><div id="t" style="padding:16px;display:inline-block"></div></body>',
  );
  const xterm = path.dirname(require.resolve('@xterm/xterm/package.json'));
  await page.addStyleTag({ path: path.join(xterm, 'css/xterm.css') });
  await page.addScriptTag({ path: path.join(xterm, 'lib/xterm.js') });
  await page.evaluate(
    ({ text, columns }) =>
      new Promise((resolve) => {
        const theme = { background: '#11151c', foreground: '#d8dee9' };
        const options = {
          cols: columns,
          rows: 80,
          theme,
          fontSize: 14,
          fontFamily: 'DejaVu Sans Mono',
          cursorInactiveStyle: 'none',
        };
        const terminal = new globalThis.Terminal(options);
        terminal.open(globalThis.document.getElementById('t'));
        terminal.write(text, () => {
          const { baseY, cursorY } = terminal.buffer.active;
          terminal.resize(columns, baseY + cursorY + 1);
          globalThis.requestAnimationFrame(() => globalThis.requestAnimationFrame(resolve));
        });
      }),
    { text, columns: COLUMNS },
  );
  await page.locator('#t').screenshot({ path: path.join(IMAGES, 'terminal.png') });
}

async function pictureOfWebUi(browser, { uiUrl, namespace }) {
  const page = await browser.newPage({ viewport: PICTURE, deviceScaleFactor: 2 });
  const workflow = `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent('mailchimp/newsletter/export')}`;
  await page.goto(workflow);
  await page.getByText('User Metadata').click();
  // The Web UI renders the current details in a frame.
  await page.locator('iframe').last().contentFrame().getByText(COMPLETED).waitFor();
  await page.screenshot({ path: path.join(IMAGES, 'web-ui.png') });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
