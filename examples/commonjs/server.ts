// A web server that starts exports and shows them. Any request may be answered by any copy of it: exports are found by their ids.
//   POST   /exports      starts an export
//   GET    /exports/ID   its progress, then its report
//   DELETE /exports/ID   cancels it
import { createServer, type IncomingMessage } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { CONSENT_TEXT, ExportClient, ExportError } from 'temporal-mailchimp/client';

const {
  TEMPORAL_ADDRESS = '127.0.0.1:7233',
  TASK_QUEUE = 'mailchimp',
  DESTINATION: destinationId = 'newsletter',
  AUDIENCE_ID = '',
  PORT = '3000',
} = process.env;

// Lazy: the first request connects, and ExportClient says so if there is no server.
const connection = Connection.lazy({ address: TEMPORAL_ADDRESS });
const exportClient = new ExportClient({ client: new Client({ connection }), taskQueue: TASK_QUEUE });

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer({ method, url = '' }: IncomingMessage): Promise<Answer> {
  const [, exportId] = /^\/exports\/([^/]+)$/.exec(url) ?? [];
  if (method === 'POST' && url === '/exports') {
    const { id, number, disposition } = await exportClient.start(destinationId, { trigger: 'web server' });
    return { status: 202, body: { exportId: id, number, disposition } };
  }
  if (method === 'GET' && exportId) return { status: 200, body: await show(exportId) };
  if (method === 'DELETE' && exportId) {
    await exportClient.handle({ destinationId, exportId }).cancel();
    return { status: 202, body: { exportId } };
  }
  return { status: 404, body: { message: 'POST /exports, GET /exports/ID or DELETE /exports/ID' } };
}

async function show(exportId: string): Promise<unknown> {
  const handle = exportClient.handle({ destinationId, exportId });
  const progress = await handle.progress();
  if (progress) return { status: progress.state.kind, phase: progress.phase, done: progress.done };
  const report = await handle.report();
  return report ? { status: report.status, outcomes: report.outcomes } : { status: 'queued' };
}

function answerTo(error: unknown): Answer {
  if (!(error instanceof ExportError)) return { status: 500, body: { message: 'Internal error' } };
  const { code, message } = error;
  const isOutage = code === 'WORKER_NOT_RUNNING' || code === 'TEMPORAL_UNREACHABLE';
  const status = code === 'EXPORT_NOT_FOUND' ? 404 : isOutage ? 503 : 409;
  return { status, body: { code, message } };
}

const server = createServer((request, response) => {
  const send = ({ status, body }: Answer) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  void answer(request).catch(answerTo).then(send);
});

/** To connect and configure again with the same settings changes nothing. */
async function setUp(): Promise<void> {
  await exportClient.connect(destinationId, {
    name: 'Newsletter',
    account: 'main',
    audienceId: AUDIENCE_ID,
    source: 'shop',
    statusIfNew: 'subscribed', // for new contacts; existing members keep their status
    exportUser: 'ada@shop.internal',
    consent: { agreedBy: 'Ada Lovelace', textVersion: CONSENT_TEXT.version },
  });
  await exportClient.configure(destinationId, {
    email: 'Email',
    fields: { FNAME: 'FirstName', LNAME: 'LastName' },
    segments: { 'north-america': null }, // the tag has the name of the segment
  });
}

setUp()
  .then(() => server.listen(Number(PORT), '127.0.0.1', () => console.log(JSON.stringify(server.address()))))
  .catch((error: unknown) => {
    if (!(error instanceof ExportError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = 1;
    return connection.close();
  });
