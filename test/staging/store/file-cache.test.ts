import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { retriedWithRoom } from '../../../src/activities/rules/retried-with-room';
import { ExportError } from '../../../src/errors';
import { FileCache } from '../../../src/staging/store/file-cache';

const LIMIT = 1000;
const HOUR_MS = 60 * 60_000;

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'cache-')), 'cache');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

let fetches = 0;
const contentOf = (text: string, key = `rows/${text.length}.ndjson`) => ({
  key,
  sha256: createHash('sha256').update(text).digest('hex'),
  size: text.length,
});
const fetch = (text: string) => async (path: string) => {
  fetches += 1;
  await writeFile(path, text);
};
const ask = (cache: FileCache, text: string) => cache.file(contentOf(text), fetch(text));

/** As if nothing had asked for it for so long. */
async function age(path: string | undefined, ms: number): Promise<void> {
  const then = new Date(Date.now() - ms);
  await utimes(path ?? '', then, then);
}

test('a file is fetched once, by all processes, and keeps the name that SQL reads', async () => {
  fetches = 0;
  const [one, other] = [new FileCache(folder, LIMIT), new FileCache(folder, LIMIT)];
  const path = await ask(one, 'abc');
  expect(await Promise.all([ask(one, 'abc'), ask(other, 'abc')])).toEqual([path, path]);
  expect(fetches).toBe(1);
  expect(basename(path ?? '')).toMatch(/-3\.ndjson$/);
  expect((await stat(path ?? '')).mode & 0o777).toBe(0o600);
});

test('a file whose content is another one than it should be is not kept', async () => {
  const cache = new FileCache(folder, LIMIT);
  expect(await cache.file(contentOf('right'), fetch('wrong'))).toBeUndefined();
  await expect(cache.file(contentOf('right'), () => Promise.reject(new Error('lost')))).rejects.toThrow(
    'lost',
  );
  expect(await readdir(folder)).toEqual([]);
  expect(await readFile((await ask(cache, 'right')) ?? '', 'utf8')).toBe('right');
});

test('above the limit the files go that were not asked for longest, and none that a step may be reading', async () => {
  const cache = new FileCache(folder, LIMIT);
  const [oldest, older, used] = [
    await ask(cache, 'a'.repeat(400)),
    await ask(cache, 'b'.repeat(401)),
    await ask(cache, 'c'.repeat(402)),
  ];
  await age(oldest, 3 * HOUR_MS);
  await age(older, 2 * HOUR_MS);
  const last = await ask(cache, 'd'.repeat(403));
  expect((await readdir(folder)).toSorted()).toEqual(
    [used, last].map((path) => basename(path ?? '')).toSorted(),
  );
  await ask(cache, 'e'.repeat(404));
  expect(await readdir(folder)).toHaveLength(3);
});

test('for a step that finds the disk full, all goes that no step may be reading', async () => {
  const cache = new FileCache(folder, LIMIT);
  const unused = await ask(cache, 'abc');
  const used = await ask(cache, 'defg');
  await age(unused, HOUR_MS);
  const full = new ExportError('DISK_FULL', 'no space');
  const step = () => retriedWithRoom(cache, () => Promise.reject(full));
  await expect(step()).rejects.toMatchObject({ code: 'STAGING_FAILED', cause: full });
  expect(await readdir(folder)).toEqual([basename(used ?? '')]);
  await expect(step()).rejects.toBe(full);
});

test('what nothing has asked for in a day goes, and what a dead process has left', async () => {
  const path = await ask(new FileCache(folder, LIMIT), 'abc');
  const left = join(folder, 'fetch-0123456789ab');
  await writeFile(left, 'half of a file');
  await age(path, 25 * HOUR_MS);
  await age(left, 3 * HOUR_MS);
  const cache = new FileCache(folder, LIMIT);
  await cache.start();
  cache.close();
  expect(await readdir(folder)).toEqual([]);
});

// Writing to this device fails as on a full disk.
const onFullDisk = (text: string, isFull: () => boolean) => async (path: string) => {
  await writeFile(path, 'half of a file');
  await writeFile(isFull() ? '/dev/full' : path, text);
};

test('on a full disk, copies that no step reads make room once; then it says how much is needed and free', async () => {
  const cache = new FileCache(folder, LIMIT);
  const [old, used] = [await ask(cache, 'old'), await ask(cache, 'in use')];
  await age(old, HOUR_MS);
  const path = await cache.file(
    contentOf('new'),
    onFullDisk('new', () => existsSync(old ?? '')),
  );
  expect(await readFile(path ?? '', 'utf8')).toBe('new');
  const kept = [used, path].map((one) => basename(one ?? '')).toSorted();
  expect((await readdir(folder)).toSorted()).toEqual(kept);
  await expect(
    cache.file(
      contentOf('newer'),
      onFullDisk('newer', () => true),
    ),
  ).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(/^5\.ndjson does not fit .* needs 1 MB, and \d+ MB are free/),
    details: { neededBytes: 5, freeBytes: expect.any(Number) },
  });
  expect((await readdir(folder)).toSorted()).toEqual(kept);
});

test('a copy that another process deletes while it is taken is fetched again', async () => {
  const [one, other] = [new FileCache(folder, LIMIT), new FileCache(folder, LIMIT)];
  const over = new AbortController();
  const dropping = (async () => {
    while (!over.signal.aborted) await other.drop(contentOf('abc').key);
  })();
  for (let asked = 0; asked < 100; asked += 1) expect(await ask(one, 'abc')).toBeDefined();
  over.abort();
  await dropping;
  expect(await readFile((await ask(one, 'abc')) ?? '', 'utf8')).toBe('abc');
});
