import { executableName, findOnPath } from './executables';
import { runTool } from './run-tool';
import { sdkDownload } from './sdk-download';
import { findServerExecutable, type LookupOptions, type Supplier } from './server-executable';

// The last version that `go install` can build: later ones use a `replace` directive for a nested module.
const CLI_VERSION = '1.5.1';
const BUILD_TIMEOUT_MS = 30 * 60_000;

const goInstall: Supplier = {
  entry: `temporal-go-${CLI_VERSION}`,
  title: `\`go install\` of version ${CLI_VERSION}`,
  duration: '5 to 6 minutes on two cores',
  needs: ['go'],
  fetch: ({ folder, env, report }) =>
    runTool({
      command: findOnPath('go', env)!,
      args: ['install', `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`],
      env: { ...env, GOBIN: folder },
      cwd: folder,
      report,
      timeoutMs: BUILD_TIMEOUT_MS,
    }),
};

/**
 * Path of a Temporal CLI, which contains the dev server and its Web UI: `TEMPORAL_CLI_PATH`, `temporal` on the PATH, the
 * cache, the SDK's download, or `go install`. Fetches at most once per machine; safe to call from several processes.
 * Throws `TEMPORAL_SERVER_UNAVAILABLE`.
 */
export function findTemporalBinary(options: LookupOptions = {}): Promise<string> {
  return findServerExecutable(
    {
      title: 'Temporal CLI',
      executable: 'temporal',
      variable: 'TEMPORAL_CLI_PATH',
      suppliers: [sdkDownload('createLocal', 'temporal'), goInstall],
      advice:
        'Install the Temporal CLI (https://docs.temporal.io/cli/setup-cli), or `npm install @temporalio/testing`, which downloads it, ' +
        `or Go 1.25 or later, or set TEMPORAL_CLI_PATH to ${executableName('temporal')}.`,
    },
    options,
  );
}
