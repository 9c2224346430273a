import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../src/dev/lock';
import { runTool } from '../../src/dev/run-tool';

/** For `beforeAll`, in which a program may have to be installed. */
export const INSTALL_TIMEOUT_MS = 10 * 60_000;

export interface Installation {
  /** e.g. `Chromium`. */
  readonly name: string;
  /** Of Debian. */
  readonly package: string;
  /** What else can be done, for the error: ends with a colon, before the command. */
  readonly how: string;
  readonly isInstalled: () => boolean;
}

const report = (line: string) => void process.stdout.write(`${line}\n`);

export function installCommand(name: string): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${name}`;
}

/** Installs a program of Debian, once for all test files, unless it is there. */
export async function installByApt(wanted: Installation): Promise<void> {
  const { name, how, isInstalled } = wanted;
  if (isInstalled()) return;
  const command = installCommand(wanted.package);
  await withLock(
    join(tmpdir(), `temporal-mailchimp-${wanted.package}.lock`),
    () => report(`Another test installs ${name}; waiting for it …`),
    async () => {
      if (isInstalled()) return;
      report(`Installing ${name}: ${command}`);
      const shell = { command: 'sh', args: ['-c', command], timeoutMs: INSTALL_TIMEOUT_MS, report };
      await runTool({ ...shell, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).catch(
        (cause: unknown) => {
          throw new Error(`${name} is missing, and could not be installed. ${how} ${command}`, { cause });
        },
      );
    },
  );
}
