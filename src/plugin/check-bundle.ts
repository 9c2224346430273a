import type { BundleOptions } from '@temporalio/worker';
import { JOB_WORKFLOWS } from '../contract/job-kind';
import { WORKFLOWS_MARKER } from '../contract/version';
import { ExportError } from '../errors';

export type ConfigHook = NonNullable<BundleOptions['webpackConfigHook']>;
export type WebpackPlugin = NonNullable<NonNullable<ReturnType<ConfigHook>['plugins']>[number]>;
type Compiler = ThisParameterType<Extract<WebpackPlugin, (...args: never[]) => unknown>>;
type Compilation = Parameters<Parameters<Compiler['hooks']['emit']['tap']>[1]>[0];

const LINE = "export * from 'temporal-mailchimp/workflows';";
const WORKFLOWS = [
  'mailchimpDestination',
  ...Object.values(JOB_WORKFLOWS),
  'mailchimpRefresh',
  'mailchimpExportSegments',
  'mailchimpAlert',
];
const [NAME, VERSION] = WORKFLOWS_MARKER.split('@');

/**
 * Makes bundling fail with BUNDLE_MISMATCH when the host's workflow file does not re-export ours: otherwise the worker would start, and
 * destinations would hang in failing workflow tasks.
 */
export function requireOurWorkflows(options: BundleOptions): BundleOptions {
  const before = options.webpackConfigHook;
  const check: WebpackPlugin = {
    apply: (compiler) => {
      // What this hook throws reaches the caller of the bundler; an error of the compilation would only be logged.
      compiler.hooks.emit.tap('temporal-mailchimp', (compilation) => {
        if (compilation.errors.length > 0) return;
        for (const { source } of compilation.getAssets()) requireVersion(source.source().toString(), advise);
        requireExports(compilation, options.workflowsPath);
      });
    },
  };
  return {
    ...options,
    webpackConfigHook: (config) => {
      const hooked = before ? before(config) : config;
      return { ...hooked, plugins: [...(hooked.plugins ?? []), check] };
    },
  };
}

/** @throws ExportError BUNDLE_MISMATCH unless a bundle that was made beforehand contains the workflows of this version */
export function requireOurBundle(code: string): void {
  requireVersion(
    code,
    (found) =>
      `The worker's workflow bundle ${found}. Bundle again: bundleWorkflowCode({ workflowsPath, plugins: [plugin] }), with this line ` +
      `in the workflow file: ${LINE}`,
  );
}

function advise(found: string): string {
  return `The worker's workflow file ${found}. Add this line to it: ${LINE}`;
}

function requireVersion(code: string, message: (found: string) => string): void {
  if (code.includes(WORKFLOWS_MARKER)) return;
  const [, other] = new RegExp(`${NAME}@([\\w.+-]+)`).exec(code) ?? [];
  const found = other
    ? `contains the workflows of temporal-mailchimp ${other}, but the plugin is of version ${VERSION}`
    : 'does not contain the workflows of temporal-mailchimp';
  throw new ExportError('BUNDLE_MISMATCH', message(found));
}

/** Finds a file that exports only some of our workflows. If webpack does not know what a file exports, nothing is checked. */
function requireExports({ modules, moduleGraph }: Compilation, workflowsPath: string): void {
  const links = [...modules].flatMap((module) => [...moduleGraph.getOutgoingConnections(module)]);
  // Only the bundler's own entry names the file by its full path.
  const entry = links.find(
    ({ dependency }) => dependency && 'request' in dependency && dependency.request === workflowsPath,
  );
  const exported = entry && moduleGraph.getProvidedExports(entry.module);
  if (!Array.isArray(exported)) return;
  const absent = WORKFLOWS.filter((name) => !exported.includes(name));
  if (absent.length === 0) return;
  throw new ExportError(
    'BUNDLE_MISMATCH',
    advise(`does not export ${new Intl.ListFormat('en').format(absent)}`),
  );
}
