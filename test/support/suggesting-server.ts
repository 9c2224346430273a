import { Connection } from '@temporalio/client';
import { freePort } from '../../src/dev/dev-server';
import { spawnOwned } from '../../src/dev/owned-process';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { until } from './until';

export interface SuggestingServer {
  readonly address: string;
  kill(): Promise<void>;
}

/** A server that suggests continue-as-new at so many events instead of 4,096. */
export async function startSuggestingServer(events: number): Promise<SuggestingServer> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const server = await spawnOwned({
    command: await findTemporalBinary(),
    args: [
      `server start-dev --headless --ip 127.0.0.1 --port ${port} --log-level error --dynamic-config-value`,
      `limit.historyCount.suggestContinueAsNew=${events}`,
    ].flatMap((text) => text.split(' ')),
  });
  await until(() => answers(address));
  return {
    address,
    kill: async () => {
      await server.kill();
    },
  };
}

async function answers(address: string): Promise<boolean> {
  const connection = Connection.lazy({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
