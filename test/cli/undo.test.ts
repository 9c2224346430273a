import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUDIENCE, person } from '../support/stage';
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

test('export undo says what it means and what stays, asks with the numbers, and archives; the next export is held', async () => {
  const { destinationId: name } = scene;
  const undo = `export undo ${name} 1 --as Kim`;
  scene.sandbox.control.act({ audience: AUDIENCE, email: person(1).email, action: 'subscribe' });
  await scene.cli(`export start ${name}`);
  const before = statuses();
  expect(before).toHaveLength(3);

  const planned = await scene.cli(`${undo} --plan`);
  expect(planned).toMatchObject({ code: 0 });
  expect(planned.output).toContain('It would take back export 1.');
  expect(planned.output).toMatch(/archived +2 /);
  expect(planned.output).toContain('Stays: 1 contact had been in the audience, and not in the baseline');
  expect(planned.output).toContain('3 contacts were added or tagged by the export');
  expect(statuses()).toEqual(before);

  const asked = await scene.cli(undo, { answers: ['n'] });
  expect(asked.code).toBe(1);
  expect(asked.output + asked.errors).toContain(
    `Take back export 1 of "${name}"? 0 contacts get values and tags back, 3 lose the tags of the destination, 2 of them are archived`,
  );
  expect(statuses()).toEqual(before);

  const undone = await scene.cli(`${undo} --yes`);
  expect(undone).toMatchObject({ code: 0 });
  expect(undone.output).toContain('Takes back export 1, by Kim.');
  expect(statuses().toSorted()).toEqual(['archived ', 'archived ', 'subscribed ']);

  const again = await scene.cli(`${undo} --yes`);
  expect(again).toMatchObject({ code: 0 });
  expect(again.output).toContain(`Export 1 of ${name} is taken back already, or changed nothing`);

  const held = await scene.cli(`export start ${name}`);
  expect(held.code).toBe(1);
  expect(held.output).toContain('UNDO. Export 1 was taken back by Kim');
  expect((await scene.cli(`export deny ${name} --as Kim`, { answers: ['y'] })).code).toBe(0);
  const passed = await scene.cli(`export start ${name} --allow-after-undo`);
  expect(passed).toMatchObject({ code: 0 });
  expect(statuses().every((one) => one.startsWith('subscribed'))).toBe(true);
});
