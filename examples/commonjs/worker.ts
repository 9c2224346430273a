// A worker with a workflow and an activity of its own that also exports to Mailchimp.
import { NativeConnection, Worker } from '@temporalio/worker';
import { ExportError, MailchimpPlugin } from 'temporal-mailchimp';
import * as activities from './activities';

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
        tables: { invoices: { path: 'data/invoices.csv' } },
        segments: {
          'north-america': {
            name: 'North America',
            sql: "SELECT CustomerId FROM invoices WHERE BillingCountry IN ('USA', 'Canada')",
          },
        },
      },
    },
  });
  const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
  try {
    const worker = await Worker.create({
      connection,
      taskQueue: TASK_QUEUE,
      workflowsPath: require.resolve('./workflows'),
      activities,
      plugins: [plugin],
    });
    await worker.run();
  } finally {
    await connection.close();
  }
}

runWorker().catch((error: unknown) => {
  if (!(error instanceof ExportError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
});
