// A worker with its own workflows and activities that also exports to Mailchimp: node examples/own-worker/worker.mjs
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { MailchimpPlugin } from 'temporal-mailchimp';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const plugin = new MailchimpPlugin({
  baseFolder: here('../chinook'),
  staging: { folder: process.env.STAGING_FOLDER ?? '.temporal-mailchimp/staging' },
  accounts: { main: { apiKey: 'env:MAILCHIMP_API_KEY', baseUrl: process.env.MAILCHIMP_BASE_URL } },
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

const connection = await NativeConnection.connect({
  address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233',
});
const worker = await Worker.create({
  connection,
  taskQueue: process.env.TASK_QUEUE ?? 'mailchimp',
  workflowsPath: here('./workflows.js'),
  activities: { hello: async (name) => `Hello, ${name}!` },
  plugins: [plugin],
});
await worker.run();
await connection.close();
