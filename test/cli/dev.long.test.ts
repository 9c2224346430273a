import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnOwned } from '../../src/dev/owned-process';
import { CROWD, person } from '../support/stage';
import { until } from '../support/until';
import { get } from './begin';
import { CLI, parseDocument } from './dev-document';
import { answers, openProject } from './dev-project';
import { destinationOf, type Scene } from './scene';

describe('dev', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openProject();
  });

  afterEach(async () => {
    await scene.close();
  });

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
  });

  test('gives a field with a format or a decimal mark a type that takes it; commands in its folder find its server and its sandbox', async () => {
    const { destinationId: name, configFile } = scene;
    const header = {
      id: '000001',
      email: 'ada@mail.chinook.org',
      first: '17/03/1985',
      last: '17/03',
      country: '1,5',
    };
    await scene.writeProfiles([person(1, header)]);
    const fields = {
      BORN: { attribute: 'first', format: 'DD/MM/YYYY' },
      BDAY: { attribute: 'last', format: 'DD/MM' },
      RATIO: { attribute: 'country', decimal: ',' },
    };
    const configure = { email: 'email', fields, segments: { vip: null } };
    // Another destination of the audience, before it: without a format.
    const plain = { email: 'email', fields: { BORN: 'first' }, segments: { vip: null } };
    const [own] = Object.values(destinationOf(scene, { configure }));
    const accounts = { main: { apiKey: 'env:CLI_TEST_NOT_SET' } };
    const destinations = { another: { ...own, configure: plain }, [name]: own };
    await scene.writeConfig({ temporal: { taskQueue: scene.taskQueue }, accounts, destinations });
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
        members: [{ merge_fields: { BORN: '1985-03-17', BDAY: '03/17', RATIO: 1.5 } }],
      });

      // The account of the file has a key that is not set.
      const using = `Using the sandbox at ${sandbox.url}: dev runs in the folder of the configuration file.\n`;
      const checked = await scene.cli('account check --audience c417f00d5e');
      expect(checked).toMatchObject({
        code: 0,
        errors: using,
        output: expect.stringMatching(/RATIO +RATIO +number/),
      });
      expect(await scene.cli('config check')).toMatchObject({
        code: 0,
        errors: expect.stringContaining(using),
      });
      const shown = await scene.cli('person show ada@mail.chinook.org');
      expect(shown).toMatchObject({
        code: 0,
        errors: expect.stringContaining(using),
        output: expect.stringMatching(/In Mailchimp now +ada@mail\.chinook\.org/),
      });
      const unknown = await scene.cli(`destination configure ${name} --field NICK=first`);
      expect(unknown.errors).toMatch(/MERGE_FIELD_NOT_FOUND: .*\nHere, Mailchimp is the sandbox of dev: /);
    } finally {
      await dev.stop();
    }
  });
});
