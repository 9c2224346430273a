import type { Connection } from '@temporalio/client';
import type { ExportClient } from '../../client';
import type { AccountBudgetClient, AccountBudgetClientOptions } from '../../client/account-budget';
import { ExportError } from '../../errors';
import { connectionOptions, describeUnreachable } from '../../config/connection';
import { lazy } from '../lazy';
import { readSettings, type Settings } from './settings';
import type { Invocation } from './invocation';
import { usesDev, withServerOfDev } from './running-dev';
import { openWebUi, type WebUi } from './web-ui';

const CONNECT_MS = 4_000;

export interface ClientContext extends Pick<Settings, 'config' | 'temporal'> {
  readonly webUi: WebUi;
  /** @throws ExportError WORKER_NOT_RUNNING where none polls the task queue */
  readonly requireWorker: () => Promise<void>;
  /** The connections of an account, which its workflow divides. */
  readonly budgetOf: (
    account: Pick<AccountBudgetClientOptions, 'account' | 'workflowId'>,
  ) => AccountBudgetClient;
  /** Whether this is the server of a `dev`, whose worker uses a sandbox. */
  readonly isDev: () => Promise<boolean>;
}

/** Connects to Temporal, runs `work` and closes the connection. @throws ExportError TEMPORAL_UNREACHABLE */
export async function withClient<Result>(
  { options, terminal }: Invocation,
  work: (client: ExportClient, context: ClientContext) => Promise<Result>,
): Promise<Result> {
  const settings = await withServerOfDev(await readSettings(options), terminal);
  const connection = await connect(settings);
  const { Client } = lazy.temporalClient();
  const { ExportClient } = lazy.client();
  const { namespace, taskQueue, searchAttributes } = settings.temporal;
  try {
    const encryption = await lazy.encryption().encryptionOptions(settings.temporal, settings.baseFolder);
    const client = new Client({ connection, namespace, ...encryption });
    return await work(new ExportClient({ client, taskQueue, searchAttributes }), {
      config: settings.config,
      temporal: settings.temporal,
      webUi: await openWebUi(settings),
      requireWorker: () => lazy.pollers().requireWorker(client, taskQueue),
      budgetOf: (account) => new (lazy.budgets().AccountBudgetClient)({ client, taskQueue, ...account }),
      isDev: () => usesDev(settings),
    });
  } finally {
    await connection.close();
  }
}

/** The caller closes it. @throws ExportError TEMPORAL_UNREACHABLE */
export async function connect({
  temporal,
  connection: settings,
}: Pick<Settings, 'temporal' | 'connection'>): Promise<Connection> {
  const options = await connectionOptions(settings, temporal.address);
  const connection = lazy.temporalClient().Connection.lazy({ ...options, connectTimeout: CONNECT_MS });
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    // A failed connection keeps reconnecting, which would keep the process alive.
    await connection.close();
    throw new ExportError(
      'TEMPORAL_UNREACHABLE',
      describeUnreachable(temporal.address, settings.address?.from),
      { cause: error },
    );
  }
}
