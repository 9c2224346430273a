// Exports a destination. The trace of this program goes on in the worker, down to the requests to Mailchimp.
import { trace } from '@opentelemetry/api';
import { Client, Connection } from '@temporalio/client';
import { CONSENT_TEXT, ExportClient, ExportError } from 'temporal-mailchimp/client';
import { startTracing } from './tracing.js';

const {
  TEMPORAL_ADDRESS = '127.0.0.1:7233',
  TASK_QUEUE = 'mailchimp',
  DESTINATION = 'newsletter',
  AUDIENCE_ID = '',
} = process.env;

const tracing = startTracing('script');

async function exportOnce(exportClient: ExportClient): Promise<void> {
  // To connect and configure again with the same settings changes nothing.
  await exportClient.connect(DESTINATION, {
    name: 'Newsletter',
    account: 'main',
    audienceId: AUDIENCE_ID,
    source: 'shop',
    statusIfNew: 'subscribed', // for new contacts; existing members keep their status
    exportUser: 'ada@shop.internal',
    consent: { agreedBy: 'Ada Lovelace', textVersion: CONSENT_TEXT.version },
  });
  await exportClient.configure(DESTINATION, { email: 'Email', fields: {}, segments: { everyone: null } });
  await trace.getTracer('script').startActiveSpan('nightly export', async (span) => {
    try {
      const handle = await exportClient.start(DESTINATION);
      await handle.result(); // throws ExportFailedError unless it completed
    } finally {
      span.end();
    }
  });
}

const connection = Connection.lazy({ address: TEMPORAL_ADDRESS });
try {
  const client = new Client({ connection, plugins: [tracing] });
  await exportOnce(new ExportClient({ client, taskQueue: TASK_QUEUE }));
} catch (error) {
  if (!(error instanceof ExportError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await connection.close();
}
