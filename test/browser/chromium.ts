import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { INSTALL_TIMEOUT_MS, installByApt, installCommand } from '../support/install-by-apt';

const INSTALLED = '/usr/bin/chromium';
const HOW = 'Set CHROMIUM_PATH to a Chromium, or install one as root:';

/** For `beforeAll`, in which Chromium may have to be installed. */
export const LAUNCH_TIMEOUT_MS = INSTALL_TIMEOUT_MS + 60_000;

export async function launchBrowser(): Promise<Browser> {
  // Without a sandbox, since CI runs as root. It shows pages of our own only.
  return chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] });
}

/** `CHROMIUM_PATH`, that of Debian's package, or that package installed now. */
async function findChromium(): Promise<string> {
  const named = process.env['CHROMIUM_PATH'];
  if (named === undefined) {
    await installByApt({
      name: 'Chromium',
      package: 'chromium',
      how: HOW,
      isInstalled: () => existsSync(INSTALLED),
    });
    return INSTALLED;
  }
  if (existsSync(named)) return named;
  throw new Error(`CHROMIUM_PATH is ${named}, which does not exist. ${HOW} ${installCommand('chromium')}`);
}
