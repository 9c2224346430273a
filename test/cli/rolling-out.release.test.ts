import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { exportWorkflowId } from '../../src/contract/identifiers';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import { CROWD, CROWD_MEMBERS } from '../support/stage';
import { until } from '../support/until';
import { openScene, type Scene } from './scene';
import { fakeTerminal } from './terminal';

const DOCUMENT = readFileSync(resolve(__dirname, '../../docs/rolling-out.md'), 'utf8');
const COMMANDS = [...DOCUMENT.matchAll(/^(?:npx temporal-mailchimp|temporal) .*$/gm)].map(([line]) => line);

let scene: Scene;
let deployment: string;
const workers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  scene = await openScene();
  deployment = `d-${randomUUID()}`;
});

afterEach(async () => {
  for (const stop of workers.splice(0)) await stop();
});

afterAll(() => scene.close());

/** The only documented command that begins so, for this scene. */
function documented(start: string): string[] {
  const [line, ...others] = COMMANDS.filter((command) => command.startsWith(start));
  expect(others).toEqual([]);
  return line!
    .replace('newsletter', scene.destinationId)
    .replace(/(--deployment(?:-name)?) mailchimp/, `$1 ${deployment}`)
    .split(' ');
}

async function temporal(start: string): Promise<string> {
  const [, ...argv] = documented(start);
  const address = process.env['TEST_TEMPORAL_ADDRESS']!;
  const confirmed = start.includes('set-current-version') ? ['--yes'] : [];
  const { stdout } = await promisify(execFile)(await findTemporalBinary(), [
    ...argv,
    ...confirmed,
    '--address',
    address,
  ]);
  return stdout;
}

/** The server refuses a version until it has seen its worker on both queues. */
const makeCurrent = (build: string) =>
  until(() =>
    temporal(
      `temporal worker deployment set-current-version --deployment-name mailchimp --build-id ${build}`,
    ).catch(() => undefined),
  );

/** Runs the documented worker; the function ends it. */
async function startWorker(build: string, more: readonly string[] = []) {
  const [, , ...argv] = documented(
    `npx temporal-mailchimp worker --deployment mailchimp --build-id ${build}`,
  );
  const terminal = fakeTerminal();
  const ended = main([...argv, ...more, '--config', scene.configFile], terminal);
  await Promise.race([ended, until(async () => terminal.output().includes('The worker runs until Ctrl-C.'))]);
  const stop = async () => {
    terminal.interrupt();
    expect(await ended).toBe(0);
  };
  workers.push(stop);
  return { output: terminal.output(), stop };
}

/** Undefined: it sees no worker of a deployment yet. */
async function foundByDoctor(): Promise<string | undefined> {
  const { document } = await scene.cliJson('doctor');
  const { checks } = document as { checks: { at: string; code?: string; message: string }[] };
  const found = checks.find(({ at }) => at === 'temporal.deployment');
  return found && `${found.code ?? 'ok'}: ${found.message}`;
}

test('the documented commands roll from one build to the next, and `doctor` says which is current', async () => {
  const { destinationId: name } = scene;
  const first = await startWorker('1', ['--pin-exports']);
  expect(first.output).toContain(`Deployment     ${deployment}, build 1; exports are pinned to it`);
  const advice = `temporal worker deployment set-current-version --namespace default --deployment-name ${deployment} --build-id 1`;
  expect(first.output).toContain(`It gets work while it is the current version: ${advice}`);
  await until(async () => (await foundByDoctor())?.includes('but no version of it is current'));
  expect(await foundByDoctor()).toContain(`Make one current: ${advice}`);

  await makeCurrent('1');
  expect(await foundByDoctor()).toBe(`ok: ${deployment}, current version 1`);
  expect(await scene.cli(`destination connect ${name} --agree --as Kim`)).toMatchObject({ code: 0 });
  await scene.writeProfiles(CROWD);
  await scene.writeMembers(CROWD_MEMBERS);
  scene.sandbox.control.set({ batchPolls: 1_000_000 });
  expect(await scene.cli(`destination configure ${name}`)).toMatchObject({ code: 0 });
  const handle = await scene.client.start(name);
  await until(async () => (await handle.progress())?.batches === 1);

  await startWorker('2');
  await makeCurrent('2');
  expect(await foundByDoctor()).toBe(`ok: ${deployment}, current version 2; build 1 polls as well`);
  const draining = 'temporal worker deployment describe-version --deployment-name mailchimp --build-id 1';
  expect(await temporal(draining)).toMatch(/draining/i);

  // Too early, since the export is pinned: it waits until it is moved.
  workers.shift();
  await first.stop();
  await temporal('temporal workflow update-options');
  scene.sandbox.control.set({ batchPolls: 0 });
  expect(await handle.result()).toMatchObject({ status: 'completed' });
  const { raw } = await scene.temporal.workflow.getHandle(exportWorkflowId(name)).describe();
  expect(raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId).toBe('2');
});

test('`worker` refuses a build without a deployment, and a deployment without a build', async () => {
  const withoutName = await scene.cli('worker --build-id 1');
  expect(withoutName).toMatchObject({
    code: 1,
    errors: expect.stringContaining('CONFIG_INVALID: A build id'),
  });
  const withoutBuild = await scene.cli('worker --deployment shop');
  expect(withoutBuild).toMatchObject({
    code: 1,
    errors: expect.stringContaining('CONFIG_INVALID: The worker deployment "shop" has no build id.'),
  });
  expect(await scene.cli('worker --deployment a.b --build-id 1')).toMatchObject({ code: 2 });
});
