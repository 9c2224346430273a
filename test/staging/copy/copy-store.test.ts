import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cancelCopy, copyStore, FolderStore, openStaging, readStore } from '../../../src/staging';
import {
  baselineOf,
  DESTINATION,
  emailsOf,
  FAKE,
  refuseBob,
  exportAll,
  type Exported,
  openStage,
  type Stage,
  stageOf,
} from '../stage';

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const CAROL = { key: '3', email: 'carol@mail.test', first: 'Carol', segments: ['vip'] };
/** Refused. */
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

let stage: Stage;
let first: Exported;
let target: string;
beforeEach(async () => {
  stage = await openStage();
  target = join(stage.folder, '../copy');
  first = await exportAll(stage, [ANNA, BOB, CAROL], { respond: refuseBob(FAKE) });
});
afterEach(() => stage.close());

const openAt = (folder: string) => openStaging({ store: new FolderStore(folder), memoryLimit: '256MB' });

function copy({ to = new FolderStore(target), from = new FolderStore(stage.folder) } = {}) {
  return copyStore({
    from,
    to,
    addressOfFrom: stage.folder,
    addressOfTo: target,
    memoryLimit: '128MB',
    baselines: [first.ref],
  });
}

/** All files of a store, without those about itself and those in progress. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = paths.map((path) => path.slice(folder.length + 1)).filter((path) => path.includes('/'));
  const contents = found
    .filter((path) => !/^(?:scratch|moved)\//.test(path))
    .toSorted()
    .map(async (path) => [path, (await readFile(join(folder, path))).toString('base64')] as const);
  return Object.fromEntries(await Promise.all(contents));
}

/** A store that creates no object from one on, as when the process is killed there. */
function killedAt(isThere: (key: string, puts: number) => boolean): FolderStore {
  const store = new FolderStore(target);
  const put = store.put.bind(store);
  let puts = 0;
  let isKilled = false;
  store.put = async (key, content) => {
    puts += 1;
    isKilled ||= isThere(key, puts);
    if (isKilled) throw new Error('killed');
    return put(key, content);
  };
  return store;
}

describe('a copied store', () => {
  test('has the same objects under another id, and the next export there sends only what has changed', async () => {
    const { from, to, destinations } = await copy();
    expect(destinations).toEqual([DESTINATION]);
    expect(to).not.toBe(from);
    expect(await filesIn(target)).toEqual(await filesIn(stage.folder));
    const staging = await openAt(target);
    try {
      expect(staging.storeId).toBe(to);
      const moved = stageOf(staging, target);
      expect(await baselineOf(moved, first)).toEqual(await baselineOf(stage, first));
      const next = await exportAll(moved, [{ ...ANNA, first: 'Ann' }, BOB, CAROL], { after: first });
      expect(next.chunks.flatMap(emailsOf)).toEqual([ANNA.email]);
      expect(next.settlement.outcomes).toMatchObject({ unchanged: 1, updated: 1, rejected: 1, created: 0 });
    } finally {
      await staging.close();
    }
  });

  test('is the only one that serves: the old one takes no claim, consent or suppression, and no worker starts with it', async () => {
    const running = stage.newExport();
    await stage.staging.claim(running);
    const { to } = await copy();
    const moved = { code: 'STORE_MOVED', message: expect.stringContaining(target), details: { storeId: to } };
    // What ran is superseded, and cannot claim again.
    await expect(stage.staging.checkClaim(running)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await expect(stage.staging.claim(stage.newExport())).rejects.toMatchObject(moved);
    await expect(stage.staging.recordConsent(DESTINATION, { event: 'agreed' })).rejects.toMatchObject(moved);
    await expect(openAt(stage.folder)).rejects.toMatchObject(moved);
    // Its rows are read as before, and it cannot be copied to a third place.
    expect(await stage.staging.latestBaseline(DESTINATION)).toMatchObject({ exportId: first.ref.exportId });
    await expect(copy({ to: new FolderStore(`${target}-2`) })).rejects.toMatchObject(moved);
  });

  test('may be copied on, and knows all earlier ids', async () => {
    const { from, to } = await copy();
    const third = `${target}-3`;
    const copied = await copyStore({
      from: new FolderStore(target),
      to: new FolderStore(third),
      addressOfFrom: target,
      addressOfTo: third,
      memoryLimit: '128MB',
      baselines: [],
    });
    expect(await readStore(new FolderStore(third))).toMatchObject({ id: copied.to, formerIds: [from, to] });
  });
});

describe('a copy that is not complete', () => {
  test('is no store, wherever it was killed; repeated, it copies the rest, and what was deleted or replaced since', async () => {
    const killed = async (isThere: (key: string, puts: number) => boolean): Promise<void> => {
      await expect(copy({ to: killedAt(isThere) })).rejects.toMatchObject({ code: 'STAGING_FAILED' });
      expect(await readStore(new FolderStore(target))).toBeUndefined();
      await expect(openAt(target)).rejects.toMatchObject({ code: 'STAGING_STORE_UNSAFE' });
    };
    for (const at of [2, 3, 7]) await killed((_, puts) => puts === at);
    // A job goes on, and a file that was copied is damaged.
    await stage.staging.recordConsent(DESTINATION, { event: 'agreed', by: 'Kim' });
    const key = join('destinations', DESTINATION, 'consents/000001.json');
    expect(await copyOf(key)).toBeUndefined();
    await killed((path) => path === 'store.json');
    await writeFile(join(target, key), '{}');
    // It may be complete, as far as that one knew.
    await expect(stage.staging.claim(stage.newExport())).rejects.toMatchObject({ code: 'STORE_MOVED' });
    const { changed, objects } = await copy();
    expect(changed).toBeLessThan(objects);
    expect(await copyOf(key)).toContain('Kim');
    expect(await filesIn(target)).toEqual(await filesIn(stage.folder));
    // Once it is complete, a repeated call changes nothing.
    expect(await copy()).toMatchObject({ changed: 0 });
  });

  test('that fails lets the store take exports again; one that was killed can be given up', async () => {
    const [damaged] = Object.keys(await filesIn(stage.folder)).filter((path) =>
      path.endsWith('baseline.parquet'),
    );
    const path = join(stage.folder, damaged ?? '');
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 100));
    await expect(copy()).rejects.toMatchObject({
      code: 'STAGING_CORRUPT',
      message: expect.stringContaining('baseline.parquet'),
    });
    await stage.staging.claim(stage.newExport());
    // Also where its end is whole.
    const middle = Buffer.from(whole);
    middle.fill(0, 20, 60);
    await writeFile(path, middle);
    await expect(copy()).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
    await writeFile(path, whole);

    await new FolderStore(stage.folder).put(
      `moved/${await begunId()}-killed.json`,
      JSON.stringify({ to: await begunId(), address: target }),
    );
    await expect(stage.staging.claim(stage.newExport())).rejects.toMatchObject({ code: 'STORE_MOVED' });
    const between = { from: new FolderStore(stage.folder), to: new FolderStore(target) };
    const addresses = { addressOfFrom: stage.folder, addressOfTo: target };
    await cancelCopy({ ...between, ...addresses });
    await stage.staging.claim(stage.newExport());
    // What it has left is no copy any longer.
    await expect(copy()).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
    await rm(target, { recursive: true });
    await copy();
    await expect(cancelCopy({ ...between, ...addresses })).rejects.toMatchObject({ code: 'STORE_MOVED' });
  });

  test('is refused where something else is, where there is no store, and without a baseline that a destination needs', async () => {
    const other = await openAt(target);
    await other.close();
    await expect(copy()).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
    await rm(target, { recursive: true });
    await new FolderStore(target).put('pictures/cat', 'cat');
    await expect(copy()).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
    await rm(target, { recursive: true });
    await expect(copy({ from: new FolderStore(`${target}-none`) })).rejects.toMatchObject({
      code: 'STAGING_NOT_REACHABLE',
    });
    first = { ...first, ref: { ...first.ref, exportId: randomUUID() } };
    await expect(copy()).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
  });
});

async function copyOf(key: string): Promise<string | undefined> {
  return readFile(join(target, key), 'utf8').catch(() => undefined);
}

async function begunId(): Promise<string> {
  return (JSON.parse((await copyOf('copy.json')) ?? '') as { id: string }).id;
}
