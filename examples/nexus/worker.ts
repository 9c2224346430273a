// A worker that exports to Mailchimp, and offers exports to other namespaces as a Nexus operation.
import { NativeConnection, Worker } from '@temporalio/worker';
import { ExportError, MailchimpPlugin } from 'temporal-mailchimp';
import { mailchimpExportsHandler } from 'temporal-mailchimp/nexus-handler';

const { TEMPORAL_ADDRESS = '127.0.0.1:7233', TASK_QUEUE = 'mailchimp', MAILCHIMP_BASE_URL } = process.env;

async function runWorker(): Promise<void> {
  const plugin = new MailchimpPlugin({
    baseFolder: '../chinook', // where the relative paths of sources start
    staging: { folder: process.env['STAGING_FOLDER'] ?? '.temporal-mailchimp/staging' },
    accounts: {
      main: {
        apiKey: 'env:MAILCHIMP_API_KEY', // by reference: the key itself is never in Temporal
        ...(MAILCHIMP_BASE_URL && { baseUrl: MAILCHIMP_BASE_URL }), // only for the sandbox
      },
    },
    sources: {
      shop: {
        kind: 'files',
        profiles: { path: 'data/customers.csv', key: 'CustomerId' },
        segments: { everyone: { name: 'Everyone', sql: 'SELECT CustomerId FROM profiles' } },
      },
    },
  });
  const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
  try {
    const worker = await Worker.create({
      connection,
      taskQueue: TASK_QUEUE,
      nexusServices: [mailchimpExportsHandler],
      plugins: [plugin],
    });
    await worker.run();
  } finally {
    await connection.close();
  }
}

try {
  await runWorker();
} catch (error) {
  if (!(error instanceof ExportError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
