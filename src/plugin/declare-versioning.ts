import type { WorkerOptions } from '@temporalio/worker';
import { WITHOUT_VERSIONING, WITH_VERSIONING } from '../contract/version';
import type { ConfigHook, WebpackPlugin } from './check-bundle';

const PLUGIN = 'temporal-mailchimp';

type BundlerOptions = NonNullable<WorkerOptions['bundlerOptions']>;

/** Whether the worker is a version of a worker deployment, and declares so to the server. */
export function usesVersioning({ workerDeploymentOptions }: WorkerOptions): boolean {
  return workerDeploymentOptions?.useWorkerVersioning === true;
}

/** A bundle whose workflows declare how they are versioned. The same bundle can serve a worker without versioning, as it is. */
export function declareVersioning(code: string): string {
  return code.replaceAll(WITHOUT_VERSIONING, WITH_VERSIONING);
}

/** The same for the bundle that a worker makes of its workflow file. */
export function declareWhenBundling(options: BundlerOptions = {}): BundlerOptions {
  const before = options.webpackConfigHook;
  const declare: WebpackPlugin = {
    apply: ({ hooks, webpack: { Compilation, sources } }) => {
      hooks.compilation.tap(PLUGIN, (compilation) => {
        // The last stage: earlier ones would lose the source map.
        const stage = Compilation.PROCESS_ASSETS_STAGE_REPORT;
        compilation.hooks.processAssets.tap({ name: PLUGIN, stage }, () => {
          for (const { name, source } of compilation.getAssets())
            compilation.updateAsset(
              name,
              new sources.RawSource(declareVersioning(source.source().toString())),
            );
        });
      });
    },
  };
  const hook: ConfigHook = (config) => {
    const hooked = before ? before(config) : config;
    return { ...hooked, plugins: [...(hooked.plugins ?? []), declare] };
  };
  return { ...options, webpackConfigHook: hook };
}
