import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openScene, startConfigured, type Scene } from './scene';
import { treeOf } from './tree';

interface Found {
  readonly isFine: boolean;
  readonly checks: readonly { readonly at: string; readonly status: string; readonly code?: string }[];
}

describe('doctor', () => {
  let scene: Scene;
  let stopWorker: (() => Promise<void>) | undefined;

  beforeEach(async () => {
    scene = await openScene();
  });

  afterEach(async () => {
    await stopWorker?.();
    stopWorker = undefined;
    await scene.close();
  });

  const find = async (line = 'doctor') => {
    const { code, document } = await scene.cliJson(line);
    const { checks } = document as Found;
    return {
      code,
      found: Object.fromEntries(checks.map(({ at, status, code: why }) => [at, why ?? status])),
    };
  };

  test('finds everything right, and changes nothing', async () => {
    stopWorker = await startConfigured(scene);
    await scene.cli(`export start ${scene.destinationId}`);
    const before = await treeOf(join(scene.folder, 'staging'));
    const writes = () => scene.sandbox.requests().filter(({ method }) => method !== 'GET');
    const written = writes();
    const { code, output } = await scene.cli('doctor');
    expect(output).toMatch(/ok +versions +temporal-mailchimp [\d.]+, Temporal SDK [\d.]+, Node [\d.]+\n/);
    expect(output).toMatch(/ok +temporal +127\.0\.0\.1:\d+, server [\d.]+\n/);
    expect(output).toMatch(/ok +temporal\.namespace +default, keeps closed workflows for /);
    expect(output).toMatch(/ok +temporal\.taskQueue +test-[\w-]+, polled by one worker\n/);
    expect(output).toMatch(/ok +staging +\/.*\/staging, store \w+ of \d{4}-.* UTC, \d+ GB free\n/);
    expect(output).toMatch(/ok +staging\.worker +mailchimp-store-\w+, polled by one worker\n/);
    expect(output).toMatch(
      /ok +accounts\.main +Sandbox, role owner, at most 8 connections, at http:\/\/127\.0\.0\.1:\d+\/3\.0\n/,
    );
    expect(output).toMatch(/ok +destinations\.[\w-]+\.audience +Newsletter \(\w+\), double opt-in off\n/);
    expect(output).toMatch(/ok +sources\.people +5 attributes, 2 segments\n/);
    expect(output).toMatch(/Nothing is wrong\.\n$/);
    expect(code).toBe(0);
    expect(await treeOf(join(scene.folder, 'staging'))).toEqual(before);
    expect(writes()).toEqual(written);
  });

  test('says what is wrong with each thing, and still looks at the others', async () => {
    process.env['WRONG_KEY'] = 'wrong-us1';
    const { main } = scene.config.accounts;
    await rm(join(scene.folder, 'profiles.csv'));
    await scene.writeConfig({
      accounts: {
        main,
        other: { ...main, apiKey: 'env:WRONG_KEY' },
        third: { ...main, apiKey: 'env:NOT_SET' },
      },
    });
    const { code, found } = await find();
    expect(code).toBe(1);
    expect(found).toMatchObject({
      temporal: 'ok',
      'temporal.taskQueue': 'WORKER_NOT_RUNNING',
      clock: 'not checked',
      staging: 'ok',
      'staging.worker': 'not checked',
      'accounts.main': 'ok',
      'accounts.other': 'KEY_INVALID',
      'accounts.third': 'SECRET_UNAVAILABLE',
      'sources.people': 'CONFIG_INVALID',
    });
    const unreachable = await find('doctor --address 127.0.0.1:1');
    expect(unreachable.found).toMatchObject({
      temporal: 'TEMPORAL_UNREACHABLE',
      'temporal.namespace': 'not checked',
      'accounts.main': 'ok',
    });
    expect((await find('doctor --namespace nowhere')).found).toMatchObject({
      'temporal.namespace': 'TEMPORAL_UNREACHABLE',
    });
  });

  test('says that others can write into the staging folder, as a worker would', async () => {
    const folder = join(scene.folder, 'staging');
    await mkdir(folder);
    await chmod(folder, 0o777);
    const { found } = await find();
    expect(found).toMatchObject({ staging: 'CONFIG_INVALID', 'staging.worker': 'not checked' });
    expect((await scene.cli('doctor')).output).toMatch(/can be written by other users.*chmod go-w/s);
    await chmod(folder, 0o700);
    expect((await find()).found).toMatchObject({ staging: 'ok' });
  });

  test('names the audience that is not there, and a folder that is no folder', async () => {
    await scene.writeConfig({
      staging: { folder: join(scene.configFile, 'staging') },
      destinations: {
        gone: {
          connect: {
            name: 'G',
            account: 'main',
            audienceId: 'ffffffffff',
            source: 'people',
            statusIfNew: 'pending',
          },
        },
      },
    });
    expect((await find()).found).toMatchObject({
      staging: 'STAGING_FAILED',
      'destinations.gone.audience': 'AUDIENCE_NOT_FOUND',
    });
  });
});
