import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
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
