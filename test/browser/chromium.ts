import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { withLock } from '../../src/dev/lock';
import { runTool } from '../../src/dev/run-tool';

const INSTALLED = '/usr/bin/chromium';
const INSTALL = 'apt-get update && apt-get install -y --no-install-recommends chromium';
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const HOW = `Set CHROMIUM_PATH to a Chromium, or install one as root: ${INSTALL}`;

/** For `beforeAll`, in which Chromium may have to be installed. */
export const LAUNCH_TIMEOUT_MS = INSTALL_TIMEOUT_MS + 60_000;

const report = (line: string) => void process.stdout.write(`${line}\n`);

export async function launchBrowser(): Promise<Browser> {
  // Without a sandbox, since CI runs as root. It shows pages of our own only.
  return chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] });
}

/** `CHROMIUM_PATH`, that of Debian's package, or that package installed now, once for all test files. */
async function findChromium(): Promise<string> {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined) {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, which does not exist. ${HOW}`);
  }
  if (existsSync(INSTALLED)) return INSTALLED;
  await withLock(
    join(tmpdir(), 'temporal-mailchimp-chromium.lock'),
    () => report('Another test installs Chromium; waiting for it …'),
    async () => {
      if (existsSync(INSTALLED)) return;
      report(`Installing Chromium: ${INSTALL}`);
      const shell = { command: 'sh', args: ['-c', INSTALL], timeoutMs: INSTALL_TIMEOUT_MS, report };
      await runTool({ ...shell, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).catch(
        (cause: unknown) => {
          throw new Error(`Chromium is missing, and could not be installed. ${HOW}`, { cause });
        },
      );
    },
  );
  return INSTALLED;
}
