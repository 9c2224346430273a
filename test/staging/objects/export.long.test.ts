import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { OwnedProcess } from '../../../src/dev/owned-process';
import { startWorker } from '../../integration/killed-worker';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import { startS3, type TestStore } from '../../support/object-stores';
import { AUDIENCE, openStage, person, reportOf, type Stage } from '../../support/stage';
import { type Proxy, startProxy } from '../../support/store-proxy';
import { until } from '../../support/until';
import { untilAnswered } from '../../support/until-answered';

const PEOPLE = Array.from({ length: 8000 }, (_, index) => person(index + 1));
const MEMBERS = PEOPLE.map(({ id }, index) => [id, index < 5 ? 'vip' : 'north'] as const);

/** So few that the export does not end before the store is busy. */
const CONNECTIONS = 2;
const CHUNK = 500;

/** A busy machine repeats a request or two. */
const REPEATED = 20;

let server: TestStore;
let proxy: Proxy;
let stage: Stage;
const workers: OwnedProcess[] = [];

beforeAll(async () => {
  server = await startS3();
}, INSTALL_TIMEOUT_MS);
afterAll(() => server.close());

beforeEach(async () => {
  stage = await openStage();
  proxy = await startProxy(server.url);
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(MEMBERS);
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await proxy.close();
  await stage.close();
});

/** A worker as on a machine of its own: nothing of it is in the folder of another. */
async function startOn(machine: string): Promise<OwnedProcess> {
  const [account] = Object.values(stage.config.accounts);
  const config = {
    ...stage.config,
    accounts: { main: { ...account, connections: CONNECTIONS } },
    temporal: { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue },
    staging: { folder: join(stage.folder, machine), ...server.at(proxy.url).staging('staging') },
  };
  const file = join(stage.folder, `${machine}.yaml`);
  await writeFile(file, stringify(config));
  const worker = await startWorker(file);
  workers.push(worker);
  return worker;
}

/** Requests to the store of one more export, without the looks at its claim: how many these are depends on the time that it takes. */
async function requestsOf(work: () => Promise<unknown>): Promise<number> {
  const before = proxy.seen.length;
  await work();
  const seen = proxy.seen.slice(before);
  return seen.filter(({ method, url }) => method === 'PUT' || !url.includes('/claimed/')).length;
}

const members = () => stage.sandbox.state(AUDIENCE).members;

test('an export goes on, on another machine, where a killed worker was, and waits while the store is busy', async () => {
  const first = await startOn('one');
  await untilAnswered(() => stage.connect());
  await stage.configure();
  stage.sandbox.control.set({ operationMs: 1500 });
  const handle = await stage.client.start(stage.destinationId, { options: { lane: 'direct' } });
  await until(async () => members() > CHUNK);
  await first.kill();
  const sent = members();
  expect(sent).toBeLessThan(PEOPLE.length);

  const other = await startOn('other');
  await until(async () => /staging store are ready$/m.test(other.output()));
  // Of the killed one, requests may still be running.
  const known = Math.max(sent, members());
  await until(async () => members() > known + CHUNK * CONNECTIONS);
  proxy.weather = () => ({ status: 503 });
  const look = () => untilAnswered(async () => inspect(await stage.progress(), { depth: 9 }));
  await until(async () => (await look()).includes('STAGING_FAILED'));
  expect(await look()).not.toMatch(/test-key|test-id|[Ss]ignature/);
  proxy.weather = () => 'good';
  stage.sandbox.control.set({ operationMs: 0 });
  expect(await reportOf(handle)).toMatchObject({
    status: 'completed',
    outcomes: { created: PEOPLE.length },
  });
  expect(stage.sandbox.state(AUDIENCE)).toMatchObject({
    members: PEOPLE.length,
    tags: { VIP: 5, North: PEOPLE.length - 5 },
  });
  // What it read is here, and no object of the first one's is.
  expect((await readdir(join(stage.folder, 'other/cache'))).length).toBeGreaterThan(0);
  expect(existsSync(join(stage.folder, 'other/destinations'))).toBe(false);

  // The next one sends again what the killed worker may have sent last. After it, each asks as often, however many there were.
  const unchanged = () => requestsOf(() => stage.export());
  await unchanged();
  const early = await unchanged();
  for (let exports = 0; exports < 3; exports += 1) await unchanged();
  const late = await unchanged();
  const moved = PEOPLE.map((one) => ({ ...one, country: 'Denmark' }));
  await stage.writeProfiles(moved);
  const changed = await requestsOf(() => stage.export({ lane: 'direct' }));
  expect(changed).toBeLessThanOrEqual(270);
  expect(late).toBeLessThanOrEqual(early + REPEATED);
}, 400_000);
