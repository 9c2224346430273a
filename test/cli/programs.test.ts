import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { startSandbox } from '../../src/sandbox';
import { until } from '../support/until';
import { begin, get, type SandboxDocument } from './begin';
import { openScene, type Scene } from './scene';
import { fakeTerminal, run } from './terminal';

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

  test('without a file has one empty audience, and says how to use it', async () => {
    const terminal = fakeTerminal();
    const running = main(['sandbox'], terminal);
    await until(async () => terminal.output() !== '');
    terminal.interrupt();
    expect(await running).toBe(0);
    const [, url = ''] = /^Mailchimp +(\S+)$/m.exec(terminal.output()) ?? [];
    expect(terminal.output()).toMatch(/^API key +0123456789abcdef0123456789abcdef-us1$/m);
    expect(terminal.output()).toMatch(/^Audience +1a2b3c4d5e {2}Sandbox audience, 0 members$/m);
    expect(terminal.output()).toContain(`      baseUrl: ${url}\n`);
    expect(terminal.output()).toContain('  export MAILCHIMP_API_KEY=0123456789abcdef0123456789abcdef-us1\n');
  });

  test('has the audiences of the configuration file, and keeps their members where it is asked to', async () => {
    const config = join(folder, 'temporal-mailchimp.yaml');
    const connect =
      '{ name: News, account: main, audienceId: 2a2b3c4d5e, source: crm, statusIfNew: pending }';
    await writeFile(
      config,
      `accounts: {}\nsources: {}\ndestinations: { news: { connect: ${connect}, configure: { email: e, fields: { BORN: b }, segments: {} } } }\n`,
    );
    const argv = ['sandbox', '--config', config, '--keep-in', join(folder, 'kept')];
    await begin(argv, async (document) => {
      const { url, apiKey, audiences } = document as SandboxDocument & { audiences: unknown };
      expect(audiences).toMatchObject([{ id: '2a2b3c4d5e', name: 'News', members: 0 }]);
      const authorization = `Bearer ${apiKey}`;
      const body =
        '{"email_address":"ada@lovelace.org","status":"subscribed","merge_fields":{"BORN":"12/10"}}';
      const sent = { method: 'POST', headers: { authorization }, body };
      expect(await (await fetch(`${url}/lists/2a2b3c4d5e/members`, sent)).json()).toMatchObject({
        merge_fields: { BORN: '12/10' },
      });
    });
    await begin(argv, async (document) => {
      expect(document).toMatchObject({ audiences: [{ id: '2a2b3c4d5e', members: 1 }] });
    });
  });

  test('refuses a folder that another sandbox uses', async () => {
    const argv = ['sandbox', '--keep-in', join(folder, 'used')];
    const { code } = await begin(argv, async () => {
      const second = await run(argv);
      expect(second.code).toBe(1);
      expect(second.errors).toMatch(
        /^INPUT_INVALID: The sandbox did not start\. .* uses the folder .*\/used\./,
      );
    });
    expect(code).toBe(0);
  });

  test('takes members from a file with one per line', async () => {
    const file = join(folder, 'members.ndjson');
    await writeFile(file, '{"email_address":"a@mail.chinook.org","status":"unsubscribed"}\n');
    const { code } = await begin(['sandbox', '--audience', file], async (document) => {
      const sandbox = document as SandboxDocument;
      const listed = await get(sandbox, '/lists/1a2b3c4d5e/members');
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
      `INPUT_INVALID: The sandbox cannot listen on 127.0.0.1:${other.port}: the port is in use. Choose another one with --port`,
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
