import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Staging } from '../../../src/ports/staging';
import { FolderStore, openStaging } from '../../../src/staging';

let parent: string;
let folder: string;
let staging: Staging;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'present-store-'));
  folder = join(parent, 'staging');
  staging = await openStaging({ store: new FolderStore(folder), memoryLimit: '64MB' });
});

afterEach(async () => {
  await staging.close();
  await rm(parent, { recursive: true });
});

const ref = { destinationId: 'newsletter', exportId: randomUUID() };

test.each([
  ['its folder is gone', async () => undefined],
  ['an empty folder is in its place, as after an unmount', () => mkdir(folder)],
])('a store that is away for a moment is retried, and supersedes no export: %s', async (_, leave) => {
  await staging.claim(ref);
  await staging.checkClaim(ref);
  const away = join(parent, 'away');
  await rename(folder, away);
  await leave();
  const { destinationId } = ref;
  for (const step of [
    () => staging.checkClaim(ref),
    () => staging.checkClaim({ ...ref, exportId: randomUUID() }),
    () => staging.claim({ ...ref, exportId: randomUUID() }),
    () => staging.unansweredWrites(ref),
    () => staging.settle(ref, null),
    () => staging.settleEarlier(ref, null),
    () => staging.recordTag(destinationId, 7),
    () => staging.ownTags(destinationId),
  ])
    await expect(step()).rejects.toMatchObject({ code: 'STAGING_FAILED' });
  await rm(folder, { recursive: true, force: true });
  await rename(away, folder);
  await staging.checkClaim(ref);
  expect(await staging.ownTags(destinationId)).toEqual([]);
});

/** As a bucket is: what it does not find is absent. */
class ServedFolder extends FolderStore {
  readonly isServed = true;
}

test.each([
  ['was emptied', undefined],
  ['is another one', '{"id":"0badcafe"}'],
])(
  'a served store that %s since it was opened takes no claim, and is taken for no new one',
  async (_, found) => {
    const served = await openStaging({ store: new ServedFolder(folder), memoryLimit: '64MB' });
    await served.claim(ref);
    await rm(folder, { recursive: true });
    await mkdir(folder, { mode: 0o700 });
    if (found !== undefined) await writeFile(join(folder, 'store.json'), found);
    await expect(served.claim({ ...ref, exportId: randomUUID() })).rejects.toMatchObject({
      code: 'STAGING_FAILED',
      message: expect.stringContaining(served.storeId),
    });
    expect(await readdir(folder)).toEqual(found === undefined ? [] : ['store.json']);
    await served.close();
  },
);

test('the tags that a destination created are its own until it is discarded', async () => {
  const { destinationId } = ref;
  await staging.recordTag(destinationId, 11);
  await staging.recordTag(destinationId, 12);
  await staging.recordTag(destinationId, 11);
  expect(await staging.ownTags(destinationId)).toEqual([11, 12]);
  expect(await staging.ownTags('another')).toEqual([]);
  await staging.discard(destinationId);
  expect(await staging.ownTags(destinationId)).toEqual([]);
});
