// Connects and configures a destination, exports it, and prints the outcomes.
import { Client, Connection } from '@temporalio/client';
import { CONSENT_TEXT, ExportClient, ExportError } from 'temporal-mailchimp/client';

const {
  TEMPORAL_ADDRESS = '127.0.0.1:7233',
  TASK_QUEUE = 'mailchimp',
  DESTINATION = 'newsletter',
  AUDIENCE_ID = '',
} = process.env;

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
  await exportClient.configure(DESTINATION, {
    email: 'Email',
    fields: { FNAME: 'FirstName', LNAME: 'LastName' },
    segments: { 'north-america': null }, // the tag has the name of the segment
  });

  const handle = await exportClient.start(DESTINATION);
  for await (const { phase, state, done } of handle.follow()) {
    console.error(`${phase}: ${done} done`);
    // An export that is held waits a day for `handle.approve` or `handle.deny`.
    if (state.kind === 'held') console.error(state.held.guards.map(({ message }) => message).join('\n'));
  }
  const report = await handle.result(); // throws ExportFailedError unless it completed
  console.log(JSON.stringify(report.outcomes));
}

// Lazy: the first request connects, and ExportClient says so if there is no server.
const connection = Connection.lazy({ address: TEMPORAL_ADDRESS });
try {
  await exportOnce(new ExportClient({ client: new Client({ connection }), taskQueue: TASK_QUEUE }));
} catch (error) {
  if (!(error instanceof ExportError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await connection.close();
}
