import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AUDIENCE, person } from '../support/stage';
import { openScene, startConfigured, startWorker, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;
let name: string;
let file: string;

/** Of the worker and of commands. */
async function stageIn(folder: string): Promise<void> {
  scene.config.staging = { folder };
  await scene.writeConfig();
}

beforeEach(async () => {
  scene = await openScene();
  name = scene.destinationId;
  file = join(scene.folder, 'new.yaml');
  await scene.writeConfig({ staging: { folder: join(scene.folder, 'bigger') } });
  await copyFile(scene.configFile, file);
  await scene.writeConfig();
  await scene.writeProfiles([person(1), person(2), person(3), person(4), person(5)]);
  await scene.writeMembers(['000001', '000002', '000003', '000004', '000005'].map((id) => [id, 'vip']));
  stopWorker = await startConfigured(scene);
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

const outcomesOf = ({ document }: { document: unknown }) => (document as { outcomes: object }).outcomes;
const members = () => [...scene.sandbox.members(AUDIENCE)];
test('a store is copied to another folder, and its destination goes on there: what was sent, suppressed and kept out holds, and an undo works', async () => {
  const old = join(scene.folder, 'staging');
  await scene.cli(`suppression add ${name} ${person(3).email} --as Kim`);
  await scene.cli(`person forget ${person(4).email} --as Kim --mailchimp untag --keep-out --yes`);
  await scene.cli(`export start ${name}`);
  await scene.writeProfiles([person(1, { first: 'Ada' }), person(2), person(3), person(4), person(5)]);
  await scene.cli(`export start ${name}`);
  expect(members().find(({ email }) => email === person(1).email)?.mergeFields['FNAME']).toBe('Ada');
  const unchanged = await scene.cliJson(`export start ${name}`);
  const storeId = (await scene.client.describe(name)).storeId;

  const asked = await scene.cli(`store copy ${scene.configFile} ${file}`, { answers: ['n'] });
  expect(asked).toMatchObject({ code: 1, errors: expect.stringContaining('Nothing was changed.') });
  expect((await scene.cli(`store copy ${scene.configFile} ${file}`)).code).toBe(2);
  const copied = await scene.cliJson(`store copy ${scene.configFile} ${file} --yes`);
  expect(copied).toMatchObject({
    code: 0,
    document: { from: storeId, destinations: [{ destinationId: name }], others: [] },
  });
  const { to } = copied.document as { to: string };
  expect(to).not.toBe(storeId);
  expect((await scene.client.describe(name)).storeId).toBe(to);
  // What is complete is not copied again.
  expect(await scene.cliJson(`store copy ${scene.configFile} ${file} --yes`)).toMatchObject({
    code: 0,
    document: { to, changed: 0, destinations: [] },
  });
  expect(await scene.cli(`store copy ${file} ${file} --yes`)).toMatchObject({
    code: 1,
    errors: expect.stringContaining('both files name the same place'),
  });
  expect(await scene.cli(`store copy ${scene.configFile} ${file} --cancel`)).toMatchObject({
    code: 1,
    errors: expect.stringContaining('STORE_MOVED'),
  });
  // The old one stays as it was, and takes nothing.
  expect((await readdir(old)).includes('destinations')).toBe(true);
  expect(await scene.cli(`suppression add ${name} x@y.test --as Kim`)).toMatchObject({
    code: 1,
    errors: expect.stringContaining(`are in the staging store ${to}`),
  });
  await stopWorker();
  await expect(scene.withWorker(() => new Promise(() => {}))).rejects.toMatchObject({
    cause: {
      workerError: {
        code: 'STORE_MOVED',
        message: expect.stringContaining(join(scene.folder, 'bigger')),
      },
    },
  });

  await stageIn(join(scene.folder, 'bigger'));
  stopWorker = await startWorker(scene);
  const next = await scene.cliJson(`export start ${name}`);
  expect(outcomesOf(next)).toEqual(outcomesOf(unchanged));
  expect(outcomesOf(next)).toMatchObject({ unchanged: 3, suppressed: 2 });
  expect(next.document).toMatchObject({ number: 4 });
  // Earlier reports and rows are found.
  expect((await scene.cli(`export failures ${name} 1`)).output).toMatch(
    /suppressed +suppression_list +000003/,
  );
  expect((await scene.cli(`suppression list ${name}`)).output).toContain(person(3).email);
  expect((await scene.cli(`person show ${person(1).email}`)).output).toContain(name);

  const undone = await scene.cli(`export undo ${name} 2 --as Kim --yes`);
  expect(undone).toMatchObject({ code: 0 });
  expect(members().find(({ email }) => email === person(1).email)?.mergeFields['FNAME']).toBe('First000001');
}, 120_000);
