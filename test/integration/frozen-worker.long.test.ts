import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { exportWorkflowId } from '../../src/contract/identifiers';
import { spawnOwned, type OwnedProcess } from '../../src/dev/owned-process';
import { AUDIENCE, openStage, person, type Stage } from '../support/stage';
import { until } from '../support/until';
import { untilAnswered } from '../support/until-answered';

const WORKER = resolve(__dirname, '../../dist/dev/programs/worker-process.js');
const FREEZE = resolve(__dirname, 'freeze-before-request.cjs');

const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));
const STAYS = 10;

let stage: Stage;
let line: CutLine;
let worker: OwnedProcess | undefined;

beforeEach(async () => {
  stage = await openStage();
  line = await openLine(process.env['TEST_TEMPORAL_ADDRESS'] ?? '');
  await stage.writeProfiles(PEOPLE);
  await chooseFirst(PEOPLE.length);
});

afterEach(async () => {
  await worker?.kill();
  line.cut();
  await stage.close();
});

const chooseFirst = (count: number) =>
  stage.writeMembers(PEOPLE.slice(0, count).map(({ id }) => [id, 'vip'] as const));
const tagged = () => stage.sandbox.state(AUDIENCE).tags['VIP'];
const exported = () => stage.export({ allowMassRemoval: true, lane: 'direct' });
const folderOf = () => join(stage.folder, 'staging/destinations', stage.destinationId, 'open-writes');
const openWrites = () => (existsSync(folderOf()) ? readdirSync(folderOf()) : []);

/** The line of a worker to Temporal. A frozen process keeps its connections: the server would give it the tasks of others. */
interface CutLine {
  readonly address: string;
  cut(): void;
}

async function openLine(to: string): Promise<CutLine> {
  const [host = '', port = ''] = to.split(':');
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const other = connect(Number(port), host);
    for (const [one, another] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(another);
      one.on('error', () => another.destroy());
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// The first one creates the tag, the second one sends the canary.
const DIRECT = '3 POST /lists/';

/** Starts a worker that stops itself before a request, exports with it, and lets the export be lost while the worker is stopped. */
async function exportUntilFrozen(before: string, lane: 'batch' | 'direct'): Promise<OwnedProcess> {
  const path = join(stage.folder, 'temporal-mailchimp.yaml');
  const temporal = { address: line.address, taskQueue: stage.taskQueue };
  await writeFile(path, stringify({ ...stage.config, temporal }));
  const frozen = await spawnOwned({
    command: process.execPath,
    args: ['--require', FREEZE, WORKER, path],
    env: { ...process.env, FREEZE_BEFORE: before },
  });
  worker = frozen;
  await until(async () => /^ready$/m.test(frozen.output()));
  await untilAnswered(() => stage.connect());
  await stage.configure({ segments: { vip: 'VIP' } });
  await stage.client.start(stage.destinationId, { options: { lane } });
  await until(async () => /^frozen$/m.test(frozen.output()));
  line.cut();
  await stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId)).terminate('by the test');
  return frozen;
}

async function wake({ pid }: OwnedProcess): Promise<void> {
  process.kill(pid, 'SIGCONT');
  await until(async () => openWrites().some((name) => name.endsWith('.late.json')));
}

describe('a worker that is frozen just before it sends, and wakes after a later export has ended', () => {
  test.each([
    ['a part directly', DIRECT, 'direct'],
    ['a batch', '1 POST /batches', 'batch'],
  ] as const)('undoes nothing that the next export does not heal: it sends %s', async (_, before, lane) => {
    const frozen = await exportUntilFrozen(before, lane);
    await stage.withWorker(async () => {
      await until(
        async () => (await untilAnswered(() => stage.client.describe(stage.destinationId))).exports[0],
      );
      await chooseFirst(STAYS);
      expect(await exported()).toMatchObject({ status: 'completed' });
      expect([tagged(), openWrites()]).toEqual([STAYS, []]);

      await wake(frozen);
      if (lane === 'direct') await until(async () => tagged() === PEOPLE.length);
      else
        await until(async () =>
          stage.sandbox
            .requests()
            .some(({ method, route }) => method === 'DELETE' && route === '/batches/{batch_id}'),
        );

      expect(await exported()).toMatchObject({ status: 'completed', outcomes: { removed: 20, created: 0 } });
      expect([tagged(), openWrites()]).toEqual([STAYS, []]);
      expect((await exported()).outcomes).toMatchObject({ unchanged: STAYS, removed: 0 });
    });
  });
});

test('a worker that is killed after a look at the claim leaves contacts that the next export sends again', async () => {
  const frozen = await exportUntilFrozen(DIRECT, 'direct');
  await frozen.kill();
  await stage.withWorker(async () => {
    await until(
      async () => (await untilAnswered(() => stage.client.describe(stage.destinationId))).exports[0],
    );
    expect(openWrites()).toHaveLength(1);
    expect(await exported()).toMatchObject({ status: 'completed' });
    expect([tagged(), openWrites()]).toEqual([PEOPLE.length, []]);
    expect((await exported()).outcomes).toMatchObject({ unchanged: PEOPLE.length });
  });
});
