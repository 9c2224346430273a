import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { AUDIENCE } from '../support/stage';
import { until } from '../support/until';
import { blockBatches, openScene, startConfigured, startWorker, type Scene } from './scene';
import { fakeTerminal, run, runJson } from './terminal';

const SECONDS = 1000;

describe('no worker', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await openScene();
  });

  afterAll(async () => {
    await scene.close();
  });

  test('is reported within seconds by commands that need one, with the command that starts it', async () => {
    const { destinationId: name, taskQueue } = scene;
    const commands = [
      `destination connect ${name} --agree --as Kim`,
      `destination show ${name}`,
      `export start ${name}`,
      `export failures ${name}`,
    ];
    for (const command of commands) {
      const startedAt = Date.now();
      const { code, output, errors } = await scene.cli(command);
      expect({ command, code, output }).toEqual({ command, code: 1, output: '' });
      expect(errors).toContain(`WORKER_NOT_RUNNING: No worker answers on the task queue "${taskQueue}"`);
      expect(errors).toContain(`Start one: ${scene.program} worker`);
      expect(Date.now() - startedAt).toBeLessThan(8 * SECONDS);
    }
  });

  test('destinations can be listed without one', async () => {
    const { code, document } = await scene.cliJson('destination list');
    expect(code).toBe(0);
    expect(document).toHaveProperty('destinations');
  });

  test('a request that was refused does not take effect when a worker runs again', async () => {
    const { destinationId: name } = scene;
    let stopWorker = await startConfigured(scene);
    await stopWorker();

    // The server still remembers the worker, so the request is sent and waits for an answer.
    const startedAt = Date.now();
    const { code, errors } = await scene.cli(`export start ${name}`);
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining('WORKER_NOT_RUNNING') });
    expect(Date.now() - startedAt).toBeLessThan(15 * SECONDS);

    stopWorker = await startWorker(scene);
    const { document } = await scene.cliJson(`destination show ${name}`);
    expect(document).toMatchObject({ running: null, queued: [], exports: [] });
    expect(scene.sandbox.state(AUDIENCE).members).toBe(0);
    await stopWorker();
  });
});

describe('a worker that stops', () => {
  test('does not end the command: the export continues on the next worker', async () => {
    const scene = await openScene();
    const { destinationId: name } = scene;
    let stopWorker = await startConfigured(scene);
    await blockBatches(scene);
    const terminal = fakeTerminal();
    const argv = ['export', 'start', name, '--lane', 'batch', '--config', scene.configFile];
    const following = main(argv, terminal);
    await until(async () => terminal.errors().includes('Delivering'));
    await stopWorker();
    await until(async () => terminal.errors().includes('WORKER_NOT_RUNNING: no answer; trying again'));
    stopWorker = await startWorker(scene);
    await until(async () => (await scene.cli(`export cancel ${name}`)).code === 0);
    expect(await following).toBe(1);
    expect(terminal.output()).toContain('Export 1 cancelled.');
    await stopWorker();
    await scene.close();
  });
});

describe('no Temporal', () => {
  test('is reported within seconds, with its address and the command that starts one', async () => {
    const startedAt = Date.now();
    const { code, output, errors } = await run(['destination', 'list', '--address', '127.0.0.1:1']);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toBe(
      'TEMPORAL_UNREACHABLE: No Temporal server answers at 127.0.0.1:1 (--address). Start one (temporal-mailchimp --address 127.0.0.1:1 dev ' +
        'starts everything), or set another address with --address, TEMPORAL_ADDRESS or temporal.address in the configuration file.\n',
    );
    expect(Date.now() - startedAt).toBeLessThan(10 * SECONDS);
  });

  test('is explained by export failures, whose rows are in a folder', async () => {
    const argv = ['export', 'failures', 'newsletter', '--address', '127.0.0.1:1'];
    expect((await run(argv)).errors).toMatch(
      /^TEMPORAL_UNREACHABLE: .* The rows are in the staging store, but Temporal knows which export has which number\.\n$/,
    );
  });

  test('namespace of that name is reported as well', async () => {
    const address = process.env['TEST_TEMPORAL_ADDRESS']!;
    const argv = ['--address', address, '--namespace', 'no-such-namespace'];
    for (const command of [
      ['destination', 'list'],
      ['destination', 'show', 'x'],
    ]) {
      const { code, document } = await runJson([...command, ...argv]);
      expect(code).toBe(1);
      expect(document).toMatchObject({
        error: { code: 'TEMPORAL_UNREACHABLE', message: expect.stringContaining('namespace') },
      });
    }
  });
});
