import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { freePort } from '../../src/dev/dev-server';
import { startSandbox } from '../../src/sandbox';
import { until } from '../support/until';
import { destinationOf, openScene, type Scene } from './scene';
import { fakeTerminal, run } from './terminal';

interface SandboxDocument {
  readonly url: string;
  readonly apiKey: string;
  readonly port: number;
}

async function get({ url, apiKey }: SandboxDocument, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
}

/** Runs a command that goes on until Ctrl-C, and waits for its one document. */
async function begin(argv: readonly string[], use: (document: unknown) => Promise<void>) {
  const terminal = fakeTerminal();
  const running = main([...argv, '--json'], terminal);
  const ended = running.then((code) => {
    throw new Error(`${argv[0]} ended with exit code ${code}: ${terminal.errors()}${terminal.output()}`);
  });
  try {
    await Promise.race([until(async () => terminal.output() !== ''), ended]);
    await use(JSON.parse(terminal.output()));
  } finally {
    ended.catch(() => undefined);
    terminal.interrupt();
  }
  return { code: await running, errors: terminal.errors() };
}

describe('sandbox', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-sandbox-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('answers as Mailchimp until Ctrl-C, with the given members and faults', async () => {
    const audience = join(folder, 'audience.json');
    const record = join(folder, 'requests.ndjson');
    const members = [{ email_address: 'a@mail.chinook.org', status: 'subscribed', tags: ['VIP'] }];
    await writeFile(audience, JSON.stringify({ id: 'b0b0b0b0b0', name: 'Seeded', members }));
    const argv = ['sandbox', '--audience', audience, '--record', record, '--replies', 'lean'];
    const { code, errors } = await begin([...argv, '--fault', '503 on GET /ping'], async (document) => {
      const sandbox = document as SandboxDocument;
      expect((await get(sandbox, '/ping')).status).toBe(503);
      expect((await get(sandbox, '/ping')).status).toBe(200);
      const listed = await get(sandbox, '/lists/b0b0b0b0b0/members');
      expect(await listed.json()).toMatchObject({ total_items: 1, members: [{ status: 'subscribed' }] });
    });
    expect(code).toBe(0);
    expect(errors).toContain('The sandbox has stopped after ');
    const lines = (await readFile(record, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0]!)).toMatchObject({ method: 'GET', path: '/ping', status: 503 });
  });

  test('takes members from a file with one per line', async () => {
    const file = join(folder, 'members.ndjson');
    await writeFile(file, '{"email_address":"a@mail.chinook.org","status":"unsubscribed"}\n');
    const { code } = await begin(['sandbox', '--audience', file], async (document) => {
      const sandbox = document as SandboxDocument;
      const listed = await get(sandbox, '/lists/a1b2c3d4e5/members');
      expect(await listed.json()).toMatchObject({ members: [{ status: 'unsubscribed' }] });
    });
    expect(code).toBe(0);
  });

  test.each([
    ['a missing file', undefined, 'could not be read'],
    ['no JSON', 'members', 'is not JSON'],
    ['an audience without id', '{"name":"x"}', 'id'],
    [
      'a member without status',
      '{"id":"b0b0b0b0b0","name":"x","members":[{"email_address":"a@b.c"}]}',
      'status',
    ],
  ])('with %s as audience is refused', async (...[, content, said]) => {
    const file = join(folder, 'audience.json');
    if (content !== undefined) await writeFile(file, content);
    const { code, errors } = await run(['sandbox', '--audience', file]);
    expect(code).toBe(1);
    expect(errors).toMatch(/^INPUT_INVALID: /);
    expect(errors).toContain(said);
  });

  test('on a port in use says so', async () => {
    const other = await startSandbox();
    const { code, errors } = await run(['sandbox', '--port', String(other.port)]);
    await other.close();
    expect(code).toBe(1);
    expect(errors).toContain(
      `INPUT_INVALID: The sandbox cannot listen on 127.0.0.1:${other.port}: the port is in use.`,
    );
  });
});

describe('worker', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openScene();
  });

  afterEach(async () => {
    await scene.close();
  });

  test('exports until Ctrl-C, then stops gracefully', async () => {
    const { destinationId: name, taskQueue, configFile } = scene;
    const { code, errors } = await begin(['worker', '--config', configFile], async (document) => {
      expect(document).toMatchObject({ namespace: 'default', taskQueue, config: configFile });
      await until(async () => (await scene.cli(`destination connect ${name} --agree --as Kim`)).code === 0);
      expect((await scene.cli(`destination configure ${name}`)).code).toBe(0);
    });
    expect(code).toBe(0);
    expect(errors).toContain('The worker has stopped.');
  });

  test('without a Temporal server says so', async () => {
    const { code, errors } = await scene.cli('worker --address 127.0.0.1:1');
    expect(code).toBe(1);
    expect(errors).toMatch(/^TEMPORAL_UNREACHABLE: .*127\.0\.0\.1:1/);
  });
});

interface DevDocument {
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
      const { temporal } = document as DevDocument;
      const at = `--address ${temporal.address}`;
      await until(async () => (await scene.cli(`destination show ${name} ${at}`)).code === 0);
      const shown = await scene.cliJson(`destination show ${name} ${at}`);
      expect(shown.document).toMatchObject({ phase: 'configured', baseline: { size: 2 } });
    });
    expect(again.code).toBe(0);
  }, 120_000);

  test('on a port in use says so, and leaves no process behind', async () => {
    const port = new URL(scene.sandbox.url).port;
    const { code, errors } = await scene.cli(`dev --port ${port}`);
    expect(code).toBe(1);
    expect(errors).toContain(
      `TEMPORAL_SERVER_UNAVAILABLE: The Temporal dev server cannot listen on 127.0.0.1:${port}`,
    );
  });
});
