import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../src/dev/dev-server';
import { spawnOwned } from '../../src/dev/owned-process';
import { until } from './until';

/** What `createTimeSkipping` calls as well, with a server of its own, which it gives five seconds to start: short for a JVM on a busy machine. */
interface Creating {
  create(options: {
    readonly server: { readonly type: 'existing' };
    readonly supportsTimeSkipping: true;
    readonly address: string;
  }): Promise<TestWorkflowEnvironment>;
}

/** Starts a server that skips time. `teardown` of the environment ends it. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = process.env['TEST_SERVER_PATH'];
  if (!path) throw new Error('TEST_SERVER_PATH is not set: run the tests with jest');
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const server = await spawnOwned({ command: path, args: [String(port)] });
  await until(() => answers(address));
  const environment = await (TestWorkflowEnvironment as unknown as Creating).create({
    server: { type: 'existing' },
    supportsTimeSkipping: true,
    address,
  });
  const teardown = environment.teardown.bind(environment);
  environment.teardown = async () => {
    await teardown();
    await server.kill();
  };
  return environment;
}

async function answers(address: string): Promise<boolean> {
  const connection = Connection.lazy({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.getSystemInfo({});
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
