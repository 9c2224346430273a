import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FolderStore, openStaging } from '../../../src/staging';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'owner-'));
});

afterEach(() => rm(parent, { recursive: true, force: true }));

/** A folder that is not ours. Only root can give one away, and only others are without one. */
async function foreignFolder(): Promise<string> {
  if (process.getuid!() !== 0) return '/usr';
  const folder = join(parent, 'foreign');
  await mkdir(folder);
  await chown(folder, 4321, 4321);
  return folder;
}

const open = (folder: string) => openStaging({ store: new FolderStore(folder), memoryLimit: '64MB' });

test.each([0o770, 0o707, 0o1777, 0o720])(
  'a staging folder that others can write is refused, and nothing is written into it: %o',
  async (mode) => {
    const folder = join(parent, 'shared');
    await mkdir(folder);
    await chmod(folder, mode);
    await expect(open(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/shared can be written by other users.* chmod go-w/),
    });
    expect(await readdir(folder)).toEqual([]);
  },
);

test('a staging folder of another user is refused', async () => {
  await expect(open(await foreignFolder())).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('belongs to another user'),
  });
});

test('a store whose folder is opened to others later takes no claim', async () => {
  const folder = join(parent, 'later');
  await (await open(folder)).close();
  await chmod(folder, 0o777);
  const staging = await open(folder);
  const ref = { destinationId: 'newsletter', exportId: '0a8c1a30-5d0b-4a6b-9f9e-0f0e7f3d1c11' };
  await expect(staging.claim(ref)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await staging.close();
});

test('a folder inside a shared one is made for this user only, and one that others can read is taken', async () => {
  await chmod(parent, 0o777);
  const inside = join(parent, 'inside');
  await (await open(inside)).close();
  expect((await stat(inside)).mode & 0o777).toBe(0o700);
  const readable = join(parent, 'readable');
  await mkdir(readable);
  await chmod(readable, 0o755);
  await (await open(readable)).close();
});
