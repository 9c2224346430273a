import { once } from 'node:events';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/dev/dev-server';
import { spawnOwned } from '../../src/dev/owned-process';
import { CROWD, person } from '../support/stage';
import { until } from '../support/until';
import { begin, get, type SandboxDocument } from './begin';
import { destinationOf, openScene, type Scene } from './scene';

function parseDocument(output: string): DevDocument | undefined {
  // Between progress and logs, which are on standard error.
  const [document] = /^\{$[^]*?^\}$/m.exec(output) ?? [];
  return document === undefined ? undefined : (JSON.parse(document) as DevDocument);
}

async function answers(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const CLI = resolve(__dirname, '../../dist/cli/main.js');
const SANDBOX_KEY = '0123456789abcdef0123456789abcdef-us1';

interface DevDocument {
  readonly isNew: boolean;
  readonly temporal: { readonly address: string; readonly uiUrl: string };
  readonly sandbox: SandboxDocument;
  readonly worker: { readonly taskQueue: string; readonly staging: string };
  readonly folder: string;
}

describe('dev', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openScene();
    // A real account: dev must not use it.
    const accounts = { main: { apiKey: 'env:CLI_TEST_NOT_SET' } };
    const destinations = destinationOf(scene, {
      configure: { email: 'email', fields: { NICK: 'first' }, segments: { vip: null } },
    });
    await scene.writeConfig({ accounts, destinations });
  });

  afterEach(async () => {
    await scene.close();
  });

  test('runs Temporal, its Web UI, a sandbox and a worker, and keeps its state', async () => {
    const { destinationId: name, configFile, taskQueue } = scene;
    const port = await freePort();
    const argv = ['dev', '--config', configFile, '--port', String(port), '--ui-port', '0'];
    const { code } = await begin(argv, async (document) => {
      const { temporal, sandbox, worker, folder } = document as DevDocument;
      expect(temporal.address).toBe(`127.0.0.1:${port}`);
      expect(worker.taskQueue).toBe(taskQueue);
      expect((await fetch(temporal.uiUrl)).status).toBe(200);
      await access(join(folder, 'temporal.db'));

      const at = `--address ${temporal.address}`;
      await until(
        async () => (await scene.cli(`destination connect ${name} --agree --as Kim ${at}`)).code === 0,
      );
      expect((await scene.cli(`destination configure ${name} ${at}`)).code).toBe(0);
      const { code, errors } = await scene.cli(`export start ${name} ${at}`);
      expect({ code, errors }).toEqual({ code: 0, errors: expect.stringContaining('has started') });
      const members = await fetch(`${sandbox.url}/lists/c417f00d5e/members`, {
        headers: { authorization: `Bearer ${sandbox.apiKey}` },
      });
      expect(await members.json()).toMatchObject({ total_items: 2 });
      // Rows are found although they are in the separate store of dev.
      expect((await scene.cli(`export failures ${name} ${at}`)).code).toBe(0);
    });
    expect(code).toBe(0);

    const again = await begin(argv, async (document) => {
      const { temporal, sandbox, isNew } = document as DevDocument;
      expect(isNew).toBe(false);
      expect(sandbox).toMatchObject({ apiKey: SANDBOX_KEY, audiences: [{ id: 'c417f00d5e', members: 2 }] });
      const at = `--address ${temporal.address}`;
      await until(async () => (await scene.cli(`destination show ${name} ${at}`)).code === 0);
      await scene.writeProfiles([person(1), person(2, { first: 'Changed' }), person(3)]);
      const { code, document: report } = await scene.cliJson(`export start ${name} ${at}`);
      expect({ code, report }).toMatchObject({
        code: 0,
        report: { status: 'completed', outcomes: { created: 0, updated: 1, unchanged: 1 } },
      });
    });
    expect(again.code).toBe(0);

    const fresh = await begin([...argv, '--fresh'], async (document) => {
      const { temporal, sandbox, isNew } = document as DevDocument;
      expect(isNew).toBe(true);
      expect(sandbox).toMatchObject({ apiKey: SANDBOX_KEY, audiences: [{ id: 'c417f00d5e', members: 0 }] });
      const at = `--address ${temporal.address}`;
      expect((await scene.cliJson(`destination list ${at}`)).document).toMatchObject({ destinations: [] });
    });
    expect(fresh.code).toBe(0);
  }, 120_000);

  test('killed in the middle of an export, finishes it after a restart, with all contacts that were acknowledged', async () => {
    const { destinationId: name, configFile } = scene;
    await scene.writeProfiles(CROWD);
    await scene.writeMembers(CROWD.map(({ id }) => [id, 'vip'] as const));
    const startDev = async () => {
      const argv = [CLI, 'dev', '--config', configFile, '--port', '0', '--ui-port', '0', '--json'];
      const dev = await spawnOwned({ command: process.execPath, args: argv });
      const document = await until(async () => parseDocument(dev.output()));
      return { dev, at: `--address ${document.temporal.address}`, sandbox: document.sandbox };
    };
    const first = await startDev();
    await until(
      async () => (await scene.cli(`destination connect ${name} --agree --as Kim ${first.at}`)).code === 0,
    );
    expect((await scene.cli(`destination configure ${name} ${first.at}`)).code).toBe(0);
    const control = first.sandbox.url.replace('/3.0', '/_sandbox/');
    // The canary is delivered, the others wait in a batch that cannot end.
    await fetch(`${control}faults`, { method: 'POST', body: '{"text":"stuck started batch"}' });
    expect((await scene.cli(`export start ${name} --lane batch --no-wait ${first.at}`)).code).toBe(0);
    await until(async () => /"total_items":1\b/.test(await (await get(first.sandbox, '/batches')).text()));
    process.kill(first.dev.pid, 'SIGKILL');
    await first.dev.ended;
    const address = first.at.replace('--address ', '');
    await until(async () => !(await answers(address)));

    const second = await startDev();
    expect(second.sandbox.apiKey).toBe(first.sandbox.apiKey);
    const shown = await until(async () => {
      const { document } = await scene.cliJson(`export show ${name} ${second.at}`);
      return (document as { status?: string }).status === 'completed' && document;
    });
    expect(shown).toMatchObject({ outcomes: { created: CROWD.length } });
    const { document } = await scene.cliJson(`export start ${name} ${second.at}`);
    expect(document).toMatchObject({ status: 'completed', outcomes: { unchanged: CROWD.length } });
    await second.dev.stop();
  }, 120_000);

  test.each(['no state\n', '', '{"form'])(
    'refuses a damaged state (%j), and names the option that starts over',
    async (text) => {
      const folder = join(scene.folder, '.temporal-mailchimp/dev');
      await mkdir(join(folder, 'sandbox'), { recursive: true });
      await writeFile(join(folder, 'sandbox/state.ndjson'), text);
      const { code, errors } = await scene.cli('dev --port 0 --ui-port 0');
      expect(code).toBe(1);
      expect(errors).toMatch(
        /^INPUT_INVALID: The sandbox did not start\. .*state\.ndjson is damaged: .*temporal-mailchimp .*dev --fresh$/m,
      );
    },
  );

  test('refuses a folder of a version that kept no sandbox, and one that another dev uses', async () => {
    const folder = join(scene.folder, '.temporal-mailchimp/dev');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'temporal.db'), '');
    // As a process leaves it that is killed while it deletes.
    await mkdir(join(folder, 'sandbox'));
    const old = await scene.cli('dev --port 0 --ui-port 0');
    expect(old.errors).toMatch(
      /^INPUT_INVALID: .* is of an earlier version.*temporal-mailchimp .*dev --fresh\./,
    );
    await writeFile(join(folder, 'dev.pid'), String(process.ppid));
    const used = await scene.cli('dev --port 0 --ui-port 0 --fresh');
    expect(used.errors).toContain(`runs in this folder already (process ${process.ppid})`);
    await access(join(folder, 'temporal.db'));
  });

  test.each([
    ['--port', 'TEMPORAL_SERVER_UNAVAILABLE: The Temporal dev server cannot'],
    ['--ui-port', 'TEMPORAL_SERVER_UNAVAILABLE: The Web UI of the Temporal dev server cannot'],
    ['--sandbox-port', 'INPUT_INVALID: The sandbox cannot'],
  ])('whose port of %s is in use says so, and leaves no process behind', async (option, said) => {
    const port = new URL(scene.sandbox.url).port;
    const free = ['--port', '--ui-port'].filter((other) => other !== option).map((other) => `${other} 0`);
    const { code, errors } = await scene.cli(`dev ${free.join(' ')} ${option} ${port}`);
    expect(code).toBe(1);
    expect(errors).toContain(
      `${said} listen on 127.0.0.1:${port}: the port is in use. Choose another one with ${option} (`,
    );
  });

  test('gives a field with a date format a type that takes it, and commands in its folder find its server', async () => {
    const { destinationId: name, configFile } = scene;
    const header = {
      id: '000001',
      email: 'ada@mail.chinook.org',
      first: '17/03/1985',
      last: '17/03',
      country: '',
    };
    await scene.writeProfiles([person(1, header)]);
    const fields = {
      BORN: { attribute: 'first', format: 'DD/MM/YYYY' },
      BDAY: { attribute: 'last', format: 'DD/MM' },
    };
    const configure = { email: 'email', fields, segments: { vip: null } };
    // Another destination of the audience, before it: without a format.
    const plain = { email: 'email', fields: { BORN: 'first' }, segments: { vip: null } };
    const [own] = Object.values(destinationOf(scene, { configure }));
    const destinations = { another: { ...own, configure: plain }, [name]: own };
    await scene.writeConfig({ temporal: { taskQueue: scene.taskQueue }, destinations });
    const argv = [CLI, 'dev', '--config', configFile, '--port', '0', '--ui-port', '0', '--json'];
    const dev = await spawnOwned({ command: process.execPath, args: argv });
    try {
      const { temporal, sandbox } = await until(async () => parseDocument(dev.output()));
      await until(async () => (await scene.cli(`destination connect ${name} --agree --as Kim`)).code === 0);
      const configured = await scene.cli(`destination configure ${name}`);
      expect(configured).toMatchObject({
        code: 0,
        errors: `Using Temporal at ${temporal.address}: dev runs in the folder of the configuration file.\n`,
      });
      expect((await scene.cli(`export start ${name}`)).code).toBe(0);
      const members = await get(sandbox, '/lists/c417f00d5e/members?fields=members.merge_fields');
      expect(await members.json()).toMatchObject({
        members: [{ merge_fields: { BORN: '1985-03-17', BDAY: '03/17' } }],
      });
    } finally {
      await dev.stop();
    }
  }, 120_000);
});
