import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { ExportClient } from '../../src/client';

test('a query that an overloaded worker does not finish is an outage', async () => {
  Runtime.install({ logger: new DefaultLogger('WARN', () => undefined) });
  const address = process.env['TEST_TEMPORAL_ADDRESS']!;
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const temporal = new Client({ connection });
  const taskQueue = `overloaded-${randomUUID()}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: require.resolve('./overloaded-worker'),
  });
  await worker.runUntil(async () => {
    const handle = await temporal.workflow.start('mailchimpDestination', {
      taskQueue,
      workflowId: `mailchimp/${taskQueue}`,
    });
    const client = new ExportClient({ client: temporal, taskQueue });
    await expect(client.describe(taskQueue)).rejects.toMatchObject({ code: 'WORKER_NOT_RUNNING' });
    await handle.terminate();
  });
  await native.close();
  await connection.close();
});
