import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUDIENCE } from '../support/stage';
import { openScene, startConfigured, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  scene = await openScene();
  stopWorker = await startConfigured(scene);
});

afterAll(async () => {
  await stopWorker();
  await scene.close();
});

const statuses = () =>
  [...scene.sandbox.members(AUDIENCE)].map(({ status, tags }) => `${status} ${tags.join()}`);

test('destination remove --exported says how many contacts that means, asks with the numbers, and archives', async () => {
  const { destinationId: name } = scene;
  const remove = `destination remove ${name} --as Kim --exported`;
  await scene.cli(`export start ${name}`);
  const before = statuses();
  expect(before).toHaveLength(3);

  const kept = await scene.cli(`${remove} keep --plan`);
  expect(kept.output).toContain(`3 contacts would keep the tags of "${name}"`);
  const planned = await scene.cli(`${remove} archive --plan`);
  expect(planned).toMatchObject({ code: 0 });
  expect(planned.output).toMatch(
    /archived +3 +left all segments; its tags were removed, and it was archived/,
  );
  expect(statuses()).toEqual(before);

  const asked = await scene.cli(`${remove} archive`, { answers: ['n'] });
  expect(asked.code).toBe(1);
  expect(asked.output + asked.errors).toContain(
    `Remove "${name}"? 3 contacts lose its tags; 3 of them are archived, if they may be when they are read.`,
  );
  expect((await scene.cliJson(`destination show ${name}`)).document).toMatchObject({ phase: 'configured' });

  const removed = await scene.cli(`${remove} archive --yes`);
  expect(removed).toMatchObject({ code: 0 });
  expect(removed.output).toContain('Before the removal of the destination, by Kim: archive.');
  expect(removed.errors).toContain(`Removed "${name}".`);
  expect(statuses()).toEqual(['archived ', 'archived ', 'archived ']);
});
