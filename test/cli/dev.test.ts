import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/dev/dev-server';
import { person } from '../support/stage';
import { until } from '../support/until';
import { begin } from './begin';
import type { DevDocument } from './dev-document';
import { openProject, SANDBOX_KEY } from './dev-project';
import { type Scene } from './scene';

describe('dev', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await openProject();
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
      // With the file's `searchAttributes`, dev has registered them.
      expect(await scene.cliJson(`search-attributes register ${at}`)).toMatchObject({
        code: 0,
        document: { added: [], isOn: true },
      });
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
  });

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
});
