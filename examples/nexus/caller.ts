// The worker of the other team, which runs one workflow and ends. It has neither the plugin nor a key of Mailchimp.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';

const {
  TEMPORAL_ADDRESS = '127.0.0.1:7233',
  DESTINATION = 'newsletter',
  NAMESPACE = 'callers', // temporal operator namespace create callers
  ENDPOINT = 'mailchimp', // temporal operator nexus endpoint create --name mailchimp --target-namespace default --target-task-queue mailchimp
} = process.env;

const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
try {
  const taskQueue = 'callers';
  const worker = await Worker.create({
    connection,
    namespace: NAMESPACE,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  });
  const client = new Client({ connection, namespace: NAMESPACE });
  const changed = await worker.runUntil(
    client.workflow.execute('exportByNexus', {
      taskQueue,
      workflowId: `export-${randomUUID()}`,
      args: [ENDPOINT, DESTINATION],
    }),
  );
  console.log(JSON.stringify({ changed }));
} finally {
  await connection.close();
}
