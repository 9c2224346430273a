// A worker that exports the customers of a CRM to Mailchimp.
import { NativeConnection, Worker } from '@temporalio/worker';
import { ExportError, MailchimpPlugin } from 'temporal-mailchimp';
import { CrmSource } from './crm-source.js';

const {
  TEMPORAL_ADDRESS = '127.0.0.1:7233',
  TASK_QUEUE = 'mailchimp',
  MAILCHIMP_BASE_URL,
  CRM_URL = 'http://127.0.0.1:8080/customers',
} = process.env;

async function runWorker(): Promise<void> {
  const plugin = new MailchimpPlugin({
    staging: { folder: process.env['STAGING_FOLDER'] ?? '.temporal-mailchimp/staging' },
    accounts: {
      main: {
        apiKey: 'env:MAILCHIMP_API_KEY', // by reference: the key itself is never in Temporal
        ...(MAILCHIMP_BASE_URL && { baseUrl: MAILCHIMP_BASE_URL }), // only for the sandbox
      },
    },
    sources: { crm: new CrmSource(CRM_URL) },
  });
  const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
  try {
    const worker = await Worker.create({ connection, taskQueue: TASK_QUEUE, plugins: [plugin] });
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
