import type * as TemporalClientModule from '@temporalio/client';
import type * as EnvconfigModule from '@temporalio/envconfig';
import type * as ClientModule from '../client';
import type * as DemoModule from '../dev/demo/run-demo';
import type * as DevServerModule from '../dev/dev-server';
import type * as TemporalBinaryModule from '../dev/temporal-binary';
import type * as SandboxModule from '../sandbox';
import type * as AccountsModule from '../plugin/open-configured-account';
import type * as ReadingModule from '../plugin/open-to-read';
import type * as EncryptionModule from '../encryption/configured';
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
  client: () => require('../client') as typeof ClientModule,
  reading: () => require('../plugin/open-to-read') as typeof ReadingModule,
  accounts: () => require('../plugin/open-configured-account') as typeof AccountsModule,
  encryption: () => require('../encryption/configured') as typeof EncryptionModule,
  worker: () => require('../worker') as typeof WorkerModule,
  sandbox: () => require('../sandbox') as typeof SandboxModule,
  demo: () => require('../dev/demo/run-demo') as typeof DemoModule,
  devServer: () => require('../dev/dev-server') as typeof DevServerModule,
  temporalBinary: () => require('../dev/temporal-binary') as typeof TemporalBinaryModule,
};
