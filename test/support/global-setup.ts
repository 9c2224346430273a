import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { version } from '@temporalio/worker/package.json';
import { startDevServer } from '../../src/dev/dev-server';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { findTestServer } from '../../src/dev/test-server';
import { globalState } from './global-state';

const SRC = resolve(__dirname, '../../src');
const WORKFLOWS = join(SRC, 'workflows/index.ts');
const BUILT_BUNDLE = resolve(__dirname, `../../dist/workflow-bundle-sdk-${version}.js`);

const report = (message: string) => void process.stdout.write(`${message}\n`);

/**
 * Once a run: one Temporal server (`TEST_TEMPORAL_ADDRESS`, reused if set), the path of the time-skipping server
 * (`TEST_SERVER_PATH`), which tests start themselves, and the workflow bundle (`WORKFLOW_BUNDLE`, a file).
 */
async function globalSetup(): Promise<void> {
  await Promise.all([provideDevServer(), bundleWorkflows()]);
  process.env['TEST_SERVER_PATH'] = await findTestServer({ report });
}

async function provideDevServer(): Promise<void> {
  if (process.env['TEST_TEMPORAL_ADDRESS']) return;
  const server = await startDevServer({ binary: await findTemporalBinary({ report }), headless: true });
  globalState().cleanUp.push(() => server.close());
  process.env['TEST_TEMPORAL_ADDRESS'] = server.address;
}

async function bundleWorkflows(): Promise<void> {
  if (!existsSync(WORKFLOWS)) return;
  if (isBuilt()) {
    process.env['WORKFLOW_BUNDLE'] = BUILT_BUNDLE;
    return;
  }
  let code: string;
  try {
    ({ code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') }));
  } catch (error) {
    // The tests that need WORKFLOW_BUNDLE fail without it; the others still run.
    report(`The workflows cannot be bundled: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'workflow-bundle-'));
  globalState().cleanUp.push(async () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'workflows.js');
  writeFileSync(file, code);
  process.env['WORKFLOW_BUNDLE'] = file;
}

/** Bundling takes half a minute of a run. After `npm run build` it is done already, unless a source file has changed since. */
function isBuilt(): boolean {
  const built = statSync(BUILT_BUNDLE, { throwIfNoEntry: false });
  if (!built) return false;
  const files = readdirSync(SRC, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.every(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs < built.mtimeMs);
}

// Jest wants the function itself; `export =` cannot be erased and default exports are banned.
module.exports = globalSetup;
