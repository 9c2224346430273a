import { readdirSync, renameSync, rmdirSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { executableName } from './executables';
import { runTool } from './run-tool';
import type { Supplier } from './server-executable';

const TIMEOUT_MS = 300_000;

// In its own process: to download, the SDK starts its native runtime, which installs signal handlers and would make a later
// `Runtime.install` of the host fail.
const DOWNLOAD = `const [testing, create, downloadDir] = process.argv.slice(1);
const server = { executable: { type: 'cached-download', downloadDir } };
require(testing).TestWorkflowEnvironment[create]({ server })
  .then((env) => env.teardown())
  .catch((error) => { console.error(String(error.cause ?? error)); process.exitCode = 1; });`;

/**
 * The download built into the Temporal SDK's testing package, if the host has installed it. The only public way to trigger it is to start the
 * server.
 */
export function sdkDownload(create: 'createLocal' | 'createTimeSkipping', executable: string): Supplier {
  return {
    entry: `${executable}-sdk-${testingVersion() ?? 'none'}`,
    title: "the Temporal SDK's download",
    duration: 'up to a minute',
    needs: [],
    unavailable: testingVersion() === undefined ? '@temporalio/testing is not installed' : undefined,
    async fetch({ folder, env, report }) {
      const downloads = join(folder, 'download');
      mkdirSync(downloads);
      const args = ['-e', DOWNLOAD, require.resolve('@temporalio/testing'), create, downloads];
      // A complete file is enough even if the run failed: the SDK gives a server only five seconds to start.
      const failure = await runTool({
        command: process.execPath,
        args,
        env,
        report,
        timeoutMs: TIMEOUT_MS,
      }).catch((error: unknown) => error);
      const file = readdirSync(downloads).find((name) => !name.endsWith('.downloading'));
      if (!file) throw failure ?? new Error('it downloaded nothing');
      renameSync(join(downloads, file), join(folder, executableName(executable)));
      rmdirSync(downloads);
    },
  };
}

/** `undefined` if the package is not installed: it is an optional peer, since only `dev` and `demo` use it. */
function testingVersion(): string | undefined {
  try {
    return (require('@temporalio/testing/package.json') as { version: string }).version;
  } catch {
    return undefined;
  }
}
