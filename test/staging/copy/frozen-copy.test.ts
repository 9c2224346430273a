import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cancelCopy, copyStore, FolderStore, openStaging } from '../../../src/staging';
import { exportAll, type Exported, openStage, type Stage, stageOf } from '../stage';

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const CAROL = { key: '3', email: 'carol@mail.test', first: 'Carol', segments: ['vip'] };

let stage: Stage;
let first: Exported;
let target: string;
beforeEach(async () => {
  stage = await openStage();
  target = join(stage.folder, '../copy');
  first = await exportAll(stage, [ANNA, CAROL]);
});
afterEach(() => stage.close());

const addressesTo = (folder: string) => ({ addressOfFrom: stage.folder, addressOfTo: folder });

function copy({ to = new FolderStore(target), from = new FolderStore(stage.folder) } = {}) {
  return copyStore({ from, to, ...addressesTo(target), memoryLimit: '128MB', baselines: [first.ref] });
}

function giveUp(folder: string) {
  const between = { from: new FolderStore(stage.folder), to: new FolderStore(folder) };
  return cancelCopy({ ...between, ...addressesTo(folder) });
}

/** A process that is frozen before its first call of a kind with such a key, until it goes on. */
function frozenAt(folder: string, call: 'put' | 'delete', isThere: (key: string) => boolean) {
  const store = new FolderStore(folder);
  const calls = new EventEmitter();
  const isFrozen = once(calls, 'frozen');
  const goesOn = once(calls, 'go on');
  const beforeCall = async (key: string): Promise<void> => {
    if (!isThere(key)) return;
    calls.emit('frozen');
    await goesOn;
  };
  const { put, delete: remove } = { put: store.put.bind(store), delete: store.delete.bind(store) };
  if (call === 'put') store.put = (key, content) => beforeCall(key).then(() => put(key, content));
  else store.delete = (key) => beforeCall(key).then(() => remove(key));
  return { store, isFrozen, goOn: () => calls.emit('go on') };
}

async function keysIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('scratch'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

const claimIn = (old: Stage) => old.staging.claim(old.newExport());

describe('a command that copies a store and is frozen', () => {
  test('changes nothing of a copy that another command has completed, and where exports have gone on', async () => {
    const { store, isFrozen, goOn } = frozenAt(target, 'put', (key) => key.endsWith('baseline.parquet'));
    const frozen = copy({ to: store });
    await isFrozen;
    await copy();
    const staging = await openStaging({ store: new FolderStore(target), memoryLimit: '256MB' });
    try {
      await exportAll(stageOf(staging, target), [{ ...ANNA, first: 'Ann' }, CAROL], { after: first });
      const before = await keysIn(target);
      goOn();
      await expect(frozen).rejects.toMatchObject({ code: 'STAGING_FAILED' });
      expect(await keysIn(target)).toEqual(before);
    } finally {
      await staging.close();
    }
    await expect(claimIn(stage)).rejects.toMatchObject({ code: 'STORE_MOVED' });
  });

  test('takes back only its own mark when it fails, so the store of a complete copy stays closed', async () => {
    const { store, isFrozen, goOn } = frozenAt(stage.folder, 'delete', (key) => key.startsWith('moved'));
    const failing = new FolderStore(target);
    const put = failing.put.bind(failing);
    failing.put = async (key, content) => {
      if (key.includes('/claims/000002')) throw new Error('no answer');
      return put(key, content);
    };
    const frozen = copy({ from: store, to: failing });
    await isFrozen;
    await copy();
    goOn();
    await expect(frozen).rejects.toMatchObject({ code: 'STAGING_FAILED' });
    await expect(claimIn(stage)).rejects.toMatchObject({ code: 'STORE_MOVED' });
  });

  test('completes nothing once the copy was given up', async () => {
    const { store, isFrozen, goOn } = frozenAt(target, 'put', (key) => key === 'store.json');
    const frozen = copy({ to: store });
    await isFrozen;
    await giveUp(target);
    await claimIn(stage);
    goOn();
    await expect(frozen).rejects.toMatchObject({ code: 'STAGING_FAILED' });
    await claimIn(stage);
    await expect(openStaging({ store: new FolderStore(target), memoryLimit: '256MB' })).rejects.toMatchObject(
      { code: 'STAGING_STORE_UNSAFE' },
    );
    // Repeated, it has nothing left to do.
    await giveUp(target);
  });
});

test('a complete copy is not given up by the name of another place', async () => {
  await copy();
  await expect(giveUp(`${target}-other`)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(claimIn(stage)).rejects.toMatchObject({ code: 'STORE_MOVED' });
});

test('a complete copy is refused to a destination whose baseline an earlier version has written to the old store since', async () => {
  await copy();
  first = { ...first, ref: { ...first.ref, exportId: randomUUID() } };
  await expect(copy()).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
});
