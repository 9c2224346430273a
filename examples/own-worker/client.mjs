// Connects and configures a destination, exports it and prints the outcomes: node examples/own-worker/client.mjs
import { Client, Connection } from '@temporalio/client';
import { CONSENT_TEXT, ExportClient } from 'temporal-mailchimp/client';

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233' });
const exports = new ExportClient({
  client: new Client({ connection }),
  taskQueue: process.env.TASK_QUEUE ?? 'mailchimp',
});
const destinationId = process.env.DESTINATION ?? 'newsletter';

await exports.connect(destinationId, {
  name: 'Newsletter',
  account: 'main',
  audienceId: process.env.AUDIENCE_ID,
  source: 'shop',
  statusIfNew: 'subscribed', // for new contacts; existing members keep their status
  exportUser: 'ada@shop.internal',
  consent: { agreedBy: 'Ada Lovelace', textVersion: CONSENT_TEXT.version },
});
await exports.configure(destinationId, {
  email: 'Email',
  fields: { FNAME: 'FirstName', LNAME: 'LastName' },
  segments: { 'north-america': null },
});

const handle = await exports.start(destinationId);
for await (const { phase, done } of handle.follow()) console.error(`${phase}: ${done} done`);
const report = await handle.result();
console.log(JSON.stringify(report.outcomes));
await connection.close();
