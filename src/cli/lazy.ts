import type * as TemporalClientModule from '@temporalio/client';
import type * as EnvconfigModule from '@temporalio/envconfig';
import type * as ClientModule from '../client';
import type * as BudgetsModule from '../client/account-budget';
import type * as PollersModule from '../client/pollers';
import type * as DemoModule from '../dev/demo/run-demo';
import type * as DevServerModule from '../dev/dev-server';
import type * as TemporalBinaryModule from '../dev/temporal-binary';
import type * as SandboxModule from '../sandbox';
import type * as LoginModule from './account/login';
import type * as AccountsModule from '../plugin/open-configured-account';
import type * as AlertsModule from '../plugin/configured-alerts';
import type * as ReadingModule from '../plugin/open-to-read';
import type * as StoresModule from '../plugin/copy-configured-store';
import type * as EncryptionModule from '../encryption/configured';
import type * as PromptsModule from './shell/terminal-prompts';
import type * as WorkerModule from '../worker';

/**
 * Modules that are slow to load or bring native code. Each command loads only those it needs, so that `--help` prints immediately and
 * `destination show` loads neither DuckDB nor the native worker.
 *
 * `require`, because `import()` needs the built file names (`.js`), which do not exist when tests run the sources.
 */
export const lazy = {
  temporalClient: () => require('@temporalio/client') as typeof TemporalClientModule,
  envconfig: () => require('@temporalio/envconfig') as typeof EnvconfigModule,
  pollers: () => require('../client/pollers') as typeof PollersModule,
  budgets: () => require('../client/account-budget') as typeof BudgetsModule,
  client: () => require('../client') as typeof ClientModule,
  reading: () => require('../plugin/open-to-read') as typeof ReadingModule,
  stores: () => require('../plugin/copy-configured-store') as typeof StoresModule,
  accounts: () => require('../plugin/open-configured-account') as typeof AccountsModule,
  login: () => require('./account/login') as typeof LoginModule,
  alerts: () => require('../plugin/configured-alerts') as typeof AlertsModule,
  encryption: () => require('../encryption/configured') as typeof EncryptionModule,
  worker: () => require('../worker') as typeof WorkerModule,
  prompts: () => require('./shell/terminal-prompts') as typeof PromptsModule,
  sandbox: () => require('../sandbox') as typeof SandboxModule,
  demo: () => require('../dev/demo/run-demo') as typeof DemoModule,
  devServer: () => require('../dev/dev-server') as typeof DevServerModule,
  temporalBinary: () => require('../dev/temporal-binary') as typeof TemporalBinaryModule,
};
