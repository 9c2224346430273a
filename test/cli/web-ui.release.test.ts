import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEV_FOLDER } from '../../src/cli/shell/settings';
import { leaveServer } from '../../src/cli/shell/web-ui';
import { until } from '../support/until';
import { openScene, startWorker, type Scene } from './scene';

const UI = 'https://ui.example.org';

let scene: Scene;
let stopWorker: () => Promise<void>;
let links: { readonly destination: string; readonly export: string };

beforeAll(async () => {
  scene = await openScene();
  stopWorker = await startWorker(scene);
  const base = `${UI}/namespaces/default/workflows/mailchimp%2F${scene.destinationId}`;
  links = { destination: base, export: `${base}%2Fexport` };
  await setWebUi(UI);
  await scene.cli(`destination connect ${scene.destinationId} --agree --as Kim`);
  await scene.cli(`destination configure ${scene.destinationId}`);
});

afterAll(async () => {
  await stopWorker();
  await scene.close();
});

function setWebUi(webUi?: string): Promise<void> {
  const { taskQueue } = scene;
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  return scene.writeConfig({ temporal: { address, taskQueue, ...(webUi !== undefined && { webUi }) } });
}

describe('the link to the workflow', () => {
  test('is shown before an export is followed, names its run, and is in the document', async () => {
    const { destinationId: name } = scene;
    const run = new RegExp(`^Web UI: ${links.export}/[0-9a-f-]{36}/history$`, 'm');
    const planned = await scene.cli(`export plan ${name}`);
    expect(planned).toMatchObject({ code: 0, errors: expect.stringMatching(run) });
    const started = await scene.cli(`export start ${name}`);
    expect(started).toMatchObject({ code: 0, errors: expect.stringMatching(run) });
    expect(started.output).not.toContain(UI);
    const { document } = await scene.cliJson(`export start ${name}`);
    expect(document).toMatchObject({ status: 'completed', webUi: expect.stringContaining(links.export) });
  });

  test('is shown by commands that show an export or a destination', async () => {
    const { destinationId: name } = scene;
    const watched = await scene.cli(`export watch ${name}`);
    const { runId } = await scene.temporal.workflow.getHandle(`mailchimp/${name}/export`).describe();
    const run = `${links.export}/${runId}/history`;
    expect(watched.errors).toContain(`Web UI: ${run}\n`);
    for (const [command, link] of [
      ['export show', run],
      ['destination show', links.destination],
    ]) {
      expect((await scene.cli(`${command} ${name}`)).output).toMatch(new RegExp(`\n\nWeb UI: ${link}\n$`));
      expect((await scene.cliJson(`${command} ${name}`)).document).toMatchObject({ webUi: link });
    }
  });

  test('is that of its own run for an earlier export, and is not shown for one that Temporal no longer keeps', async () => {
    const { destinationId: name, temporal } = scene;
    const show = async () =>
      (await scene.cliJson(`export show ${name} 1`)).document as { webUi: string | null };
    const { webUi } = await until(async () => {
      const shown = await show();
      return shown.webUi !== null && shown;
    });
    const [, runId = ''] = new RegExp(`^${links.export}/([0-9a-f-]{36})/history$`).exec(webUi ?? '') ?? [];
    const { memo } = await temporal.workflow.getHandle(`mailchimp/${name}/export`, runId).describe();
    expect(memo).toMatchObject({ number: 1 });
    const execution = { workflowId: `mailchimp/${name}/export`, runId };
    await temporal.workflowService.deleteWorkflowExecution({
      namespace: 'default',
      workflowExecution: execution,
    });
    await until(async () => (await show()).webUi === null);
    expect((await scene.cli(`export show ${name} 1`)).output).not.toContain('Web UI');
  });
});

describe('without a configured Web UI', () => {
  test('a server without one on this machine has no link', async () => {
    await setWebUi();
    const { document } = await scene.cliJson(`destination show ${scene.destinationId}`);
    expect(document).toMatchObject({ webUi: null });
  });

  test('the one that dev runs is used, whatever its port is', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const folder = join(scene.folder, DEV_FOLDER);
    await mkdir(folder, { recursive: true });
    await leaveServer(folder, { address: process.env['TEST_TEMPORAL_ADDRESS']!, url });
    const show = async () => (await scene.cliJson(`destination show ${scene.destinationId}`)).document;
    expect(await show()).toMatchObject({ webUi: links.destination.replace(UI, url) });

    await writeFile(join(folder, 'web-ui.json'), 'half a');
    expect(await show()).toMatchObject({ webUi: null });

    await leaveServer(folder, { address: process.env['TEST_TEMPORAL_ADDRESS']!, url });
    server.close();
    await once(server, 'close');
    expect(await show()).toMatchObject({ webUi: null });
  });
});
