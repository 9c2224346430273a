// A worker that exports to Mailchimp, with a trace of each export.
import { NativeConnection, Worker } from '@temporalio/worker';
import { ExportError, MailchimpPlugin } from 'temporal-mailchimp';
import { startTracing } from './tracing.js';

const { TEMPORAL_ADDRESS = '127.0.0.1:7233', TASK_QUEUE = 'mailchimp', MAILCHIMP_BASE_URL } = process.env;

const tracing = startTracing('worker');

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
      plugins: [plugin, tracing],
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
