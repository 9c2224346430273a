import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { ExportClient } from '../../src/client';
import { isPolled } from '../../src/client/pollers';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { startDevServer, type DevServer } from '../../src/dev/dev-server';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { replay } from '../replay/replaying';
import { AUDIENCE, CROWD, CROWD_MEMBERS, workerLogs } from '../support/stage';
import { until } from '../support/until';
import { openScene, type Scene } from './scene';

const DOCUMENT = readFileSync(resolve(__dirname, '../../docs/search-attributes.md'), 'utf8');
const VIEWS = [
  ...DOCUMENT.matchAll(/^\| ([^|]+?) +\| `\/namespaces\/default\/workflows\?query=(\S+)` +\|$/gm),
];

let server: DevServer;
let scene: Scene;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  server = await startDevServer({ binary: await findTemporalBinary(), headless: true });
  scene = await openScene({ address: server.address });
  const { taskQueue } = scene;
  await scene.writeConfig({ temporal: { address: server.address, taskQueue, searchAttributes: true } });
  await scene.writeProfiles(CROWD);
  await scene.writeMembers(CROWD_MEMBERS);
  stopWorker = startWorker();
  await until(() => isPolled(scene.temporal, taskQueue));
});

afterAll(async () => {
  await stopWorker();
  await scene.close();
  await server.close();
});

/** One whose operator has opted in. */
function startWorker(): () => Promise<void> {
  const stop = new AbortController();
  const plugin = new MailchimpPlugin({ ...scene.config, searchAttributes: true, baseFolder: scene.folder });
  const ended = scene.withWorker(() => once(stop.signal, 'abort'), { plugins: [plugin] });
  return async () => {
    stop.abort();
    await ended;
  };
}

async function attributesOf(workflowId: string): Promise<Readonly<Record<string, unknown>>> {
  const { typedSearchAttributes } = await scene.temporal.workflow.getHandle(workflowId).describe();
  const ours = typedSearchAttributes.getAll().filter(({ key }) => key.name.startsWith('Mailchimp'));
  return Object.fromEntries(ours.map(({ key, value }) => [key.name.slice('Mailchimp'.length), value]));
}

const ofExport = () => attributesOf(exportWorkflowId(scene.destinationId));
const ofDestination = () => attributesOf(destinationWorkflowId(scene.destinationId));
const stateIs = (state: string) => until(async () => (await ofExport())['State'] === state);

async function foundByDoctor(): Promise<string> {
  const { document } = await scene.cliJson('doctor');
  const { checks } = document as { checks: { at: string; code?: string; message: string }[] };
  const { code = 'ok', message } = checks.find(({ at }) => at === 'temporal.searchAttributes')!;
  return `${code}: ${message}`;
}

interface Event {
  readonly eventType: string;
}

/** The SDK sets an attribute of its own at each `patched`. */
function setsState(event: Event): boolean {
  return (
    event.eventType === 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES' &&
    JSON.stringify(event).includes('MailchimpState')
  );
}

/** Of the last run, whose history replays. */
async function upserts(idOf: (destinationId: string) => string): Promise<number> {
  const handle = scene.temporal.workflow.getHandle(idOf(scene.destinationId));
  const history = JSON.parse(historyToJSON(await handle.fetchHistory())) as { events: Event[] };
  await replay(history);
  return history.events.filter(setsState).length;
}

/** The documented view, for the names of this scene. */
function view(name: string): string {
  const [, , query = ''] = VIEWS.find(([, what]) => what === name)!;
  return decodeURIComponent(query)
    .replace('newsletter', scene.destinationId)
    .replace('1a2b3c4d5e', AUDIENCE)
    .replace('= 7', '= 3');
}

/** How many workflows it lists. */
async function found(name: string): Promise<number> {
  return (await scene.temporal.workflow.count(view(name))).count;
}

test('a namespace without the attributes keeps no export from running: worker and `doctor` say what to do', async () => {
  await scene.connect();
  await scene.configure();
  expect(await scene.export()).toMatchObject({ status: 'completed' });
  expect(await ofExport()).toEqual({});
  const advice =
    'SEARCH_ATTRIBUTES_MISSING: The namespace has no search attribute MailchimpDestination, MailchimpAudience, MailchimpKind, ' +
    'MailchimpState, MailchimpNumber. Until then, exports run without. Register them: ';
  expect(workerLogs.filter((line) => line.includes(`WARN temporal-mailchimp: ${advice}`))).not.toEqual([]);
  expect(await foundByDoctor()).toContain(advice);
  expect(await foundByDoctor()).toContain('search-attributes register');
});

test('`search-attributes register` registers them, and again changes nothing', async () => {
  const first = await scene.cli('search-attributes register');
  expect(first).toMatchObject({
    code: 0,
    output: expect.stringMatching(/MailchimpNumber +Int +registered\n/),
  });
  const again = await scene.cliJson('search-attributes register');
  expect(again).toMatchObject({ code: 0, document: { namespace: 'default', added: [], isOn: true } });
  expect(await foundByDoctor()).toMatch(/^ok: MailchimpDestination, /);
});

test('destinations and exports show what they are and what they do, at one event for each change of state', async () => {
  const { destinationId } = scene;
  const own = { Destination: destinationId, Audience: AUDIENCE };
  expect(await scene.export()).toMatchObject({ status: 'completed' });
  expect(await ofExport()).toEqual({ ...own, Kind: 'export', Number: 2, State: 'completed' });
  expect(await upserts(exportWorkflowId)).toBe(2);
  await until(async () => (await ofDestination())['State'] === 'configured');
  expect(await ofDestination()).toEqual({ ...own, Kind: 'destination', State: 'configured' });

  // From now on, it is started with them.
  expect(await scene.plan()).toMatchObject({ status: 'planned' });
  expect(await ofExport()).toEqual({ ...own, Kind: 'plan', Number: 1, State: 'planned' });
  expect(await upserts(exportWorkflowId)).toBe(1);
  // The next run of the destination inherits its own.
  await until(async () => (await upserts(destinationWorkflowId)) === 0);

  await scene.writeProfiles(CROWD.map((profile) => ({ ...profile, last: 'Newname' })));
  scene.sandbox.control.set({ batchPolls: 1_000_000 });
  const handle = await scene.client.start(destinationId);
  await until(async () => (await handle.progress())?.batches === 1);
  expect(await ofExport()).toEqual({ ...own, Kind: 'export', Number: 3, State: 'running' });
  await handle.pause();
  await stateIs('paused');
});

test('the documented links find them', async () => {
  // Lists are a moment behind.
  await until(async () => (await found('exports that wait for a person')) === 1);
  expect(await found('exports that run')).toBe(1);
  expect(await found('exports of one destination, plans left out')).toBe(2);
  expect(await found('one export, by its number')).toBe(1);
  expect(await found('exports that did not complete')).toBe(0);
  expect(await found('destinations')).toBe(1);
  expect(await found('stale destinations')).toBe(0);
  expect(await found('everything of one audience')).toBeGreaterThan(3);
  expect(VIEWS).toHaveLength(8);
});

test('`list` says the same with them, and asks only destinations with an open export', async () => {
  const { taskQueue } = scene;
  let queries = 0;
  const count: WorkflowClientInterceptor = {
    query: (input, next) => {
      queries += 1;
      return next(input);
    },
  };
  const { connection } = scene.temporal;
  const client = new Client({ connection, interceptors: { workflow: [count] } });
  const plain = new ExportClient({ client, taskQueue });
  const indexed = new ExportClient({ client, taskQueue, searchAttributes: true });
  const busy = await plain.list();
  expect(busy[0]?.open?.running?.now?.state).toMatchObject({ kind: 'paused' });
  expect(await indexed.list()).toEqual(busy);

  const running = await scene.running();
  await running.resume();
  scene.sandbox.control.set({ batchPolls: 0 });
  await running.result();
  // Between two runs, a destination is in no list.
  await until(async () => {
    queries = 0;
    const listed = await indexed.list();
    return queries === 0 && listed.length === 1 && isDeepStrictEqual(listed, await plain.list());
  });
});

test('a server that refuses to register them is answered with the commands for who may', async () => {
  // As Temporal Cloud does: it answers every request of this service in this way.
  const refusing = createServer();
  refusing.on('stream', (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' };
    stream.respond(headers, { endStream: true });
  });
  refusing.listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  const { port } = refusing.address() as AddressInfo;
  const { code, errors } = await scene.cli(`search-attributes register --address 127.0.0.1:${port}`);
  refusing.close();
  expect(code).toBe(1);
  expect(errors).toContain(
    'tcld namespace search-attributes add --namespace default --search-attribute "MailchimpDestination=Keyword" ',
  );
  expect(errors).toContain(
    'temporal operator search-attribute create --namespace default --name MailchimpDestination --type Keyword ',
  );
});
