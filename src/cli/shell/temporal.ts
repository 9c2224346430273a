import type { ConnectionOptions, Connection } from '@temporalio/client';
import type { ExportClient } from '../../client';
import { ExportError } from '../../errors';
import { resolveSecret } from '../../config/secrets';
import { lazy } from '../lazy';
import { readSettings, type Settings, type Temporal } from './settings';
import type { Invocation } from './invocation';

const CONNECT_MS = 4_000;

/** Connects to Temporal, runs `work` and closes the connection. @throws ExportError TEMPORAL_UNREACHABLE */
export async function withClient<Result>(
  { options }: Invocation,
  work: (client: ExportClient, settings: Settings) => Promise<Result>,
): Promise<Result> {
  const settings = await readSettings(options);
  const connection = await connect(settings);
  const { Client } = lazy.temporalClient();
  const { ExportClient } = lazy.client();
  const { namespace, taskQueue } = settings.temporal;
  try {
    return await work(
      new ExportClient({ client: new Client({ connection, namespace }), taskQueue }),
      settings,
    );
  } finally {
    await connection.close();
  }
}

async function connect({ temporal, baseFolder }: Settings): Promise<Connection> {
  const connection = lazy.temporalClient().Connection.lazy(await connectionOptions(temporal, baseFolder));
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    // A failed connection keeps reconnecting, which would keep the process alive.
    await connection.close();
    throw new ExportError(
      'TEMPORAL_UNREACHABLE',
      `No Temporal server answers at ${temporal.address}. Start one (temporal-mailchimp dev starts everything), ` +
        'or set another address with --address or temporal.address in the configuration file.',
      { cause: error },
    );
  }
}

async function connectionOptions(temporal: Temporal, baseFolder: string): Promise<ConnectionOptions> {
  const { address, tls } = temporal;
  const apiKey = temporal.apiKey && (await resolveSecret(temporal.apiKey, baseFolder));
  return {
    address,
    connectTimeout: CONNECT_MS,
    ...(tls !== undefined && { tls }),
    ...(apiKey && { apiKey }),
  };
}
