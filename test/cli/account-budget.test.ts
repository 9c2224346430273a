import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/until';
import { openScene, startConfigured, type Scene } from './scene';

let scene: Scene;
let stop: () => Promise<void>;

beforeAll(async () => {
  scene = await openScene();
  stop = await startConfigured(scene);
});

afterAll(async () => {
  await stop();
  await scene.close();
});

const shown = async () => (await scene.cliJson('account show')).document as { budget: unknown };

describe('the connections of an account', () => {
  test('are shown with the worker that holds them, while an export runs', async () => {
    scene.sandbox.fail('delay 4 s on GET /lists/*');
    const exported = scene.cli(`export start ${scene.destinationId} --wait`);
    const { budget } = await until(async () => {
      const document = await shown();
      // It has asked before the export began as well: for the checks of connect and configure.
      return JSON.stringify(document).includes(`"names":["${scene.destinationId}"]`) && document;
    });
    expect(budget).toMatchObject({
      budget: 8,
      configured: [8],
      pace: null,
      holders: [{ connections: 8, configured: 8, names: [scene.destinationId] }],
    });
    const { output } = await scene.cli('account show');
    expect(output).toContain('8 connections: 8 held by 1 worker');
    expect(output).toContain(scene.destinationId);
    await exported;
  });

  test('follow the pace until it is taken back', async () => {
    const { output } = await scene.cli('account pace --connections 3 --as Kim');
    expect(output).toContain('Exports of the account main have 3 connections, within a minute.');
    expect(await shown()).toMatchObject({ budget: { budget: 3, pace: { connections: 3, by: 'Kim' } } });
    expect((await scene.cli('account show')).output).toContain(
      `${scene.program} account pace main --default`,
    );
    await scene.cli('account pace --default');
    expect(await shown()).toMatchObject({ budget: { pace: null } });
    expect((await scene.cli('account pace --default')).output).toContain('nothing was changed');
  });

  test.each(['', '--connections 11', '--connections 0', '--connections 3 --default'])(
    'are not paced by "%s"',
    async (flags) => {
      expect((await scene.cli(`account pace main ${flags}`)).code).toBe(2);
    },
  );
});

test('an account without exports has no budget to show', async () => {
  const idle = await openScene();
  try {
    const { output, code } = await idle.cli('account show');
    expect(output).toContain('No export runs on the account main now.');
    expect(code).toBe(0);
  } finally {
    await idle.close();
  }
});
