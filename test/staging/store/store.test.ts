import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderStore, openStaging, scratchOf } from '../../../src/staging';
import { translating } from '../../../src/staging/store/failure';
import { DESTINATION, exportAll, openStage, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

async function pathsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return [folder, ...entries.map((entry) => join(folder, entry))];
}

function failing(code: string): () => Promise<unknown> {
  return translating('plan', () =>
    Promise.reject(Object.assign(new Error(code), { code, syscall: 'write' })),
  );
}

describe('the store', () => {
  test('keeps its id through openings, and two that open it at once agree on it', async () => {
    const folder = join(stage.folder, 'other');
    const options = { store: new FolderStore(folder), memoryLimit: '128MB' };
    const opened = await Promise.all([openStaging(options), openStaging(options), openStaging(options)]);
    const ids = new Set(opened.map(({ storeId }) => storeId));
    expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/)]);
    await Promise.all(opened.map((staging) => staging.close()));
    const again = await openStaging(options);
    expect(ids).toContain(again.storeId);
    await again.close();
    expect(JSON.parse(await readFile(join(folder, 'store.json'), 'utf8'))).toMatchObject({
      kind: 'folder',
    });
  });

  test('is readable for its owner only: folders are 0700 and files 0600, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await exportAll(stage, [{ key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] }]);
    } finally {
      process.umask(before);
    }
    const paths = await pathsBelow(join(stage.folder, 'destinations'));
    expect(paths.length).toBeGreaterThan(10);
    for (const path of paths) {
      const found = await stat(path);
      expect([path, found.mode & 0o777]).toEqual([path, found.isDirectory() ? 0o700 : 0o600]);
    }
  });

  test('leaves nothing of an attempt behind', async () => {
    await exportAll(stage, [{ key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] }]);
    // The folder of the database that reads chunks, which the store keeps open.
    const scratch = scratchOf({ workFolder: stage.folder });
    expect(await readdir(join(scratch, 'attempts', DESTINATION))).toEqual([]);
    expect((await readdir(scratch)).toSorted()).toEqual(['attempts', 'reading']);
  });

  test('refuses an id that would climb out of the folder', async () => {
    const ref = { destinationId: '..', exportId: 'x' };
    await expect(stage.staging.claim(ref)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('says STAGING_CORRUPT when a document is not what was written', async () => {
    const ref = stage.newExport();
    const folder = join(stage.folder, 'destinations', ref.destinationId, 'claims');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '000001.json'), '{"exportId"');
    await expect(stage.staging.claim(ref)).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
  });

  test('says DISK_FULL when the disk is full, and STAGING_FAILED for other trouble with files', async () => {
    await expect(failing('ENOSPC')()).rejects.toMatchObject({ code: 'DISK_FULL' });
    await expect(failing('EDQUOT')()).rejects.toMatchObject({ code: 'DISK_FULL' });
    await expect(failing('EIO')()).rejects.toMatchObject({ code: 'STAGING_FAILED' });
  });

  test('passes any other error on as it is', async () => {
    const step = translating('plan', () => Promise.reject(new TypeError('a bug')));
    await expect(step()).rejects.toThrow(TypeError);
  });
});

describe('a claim', () => {
  test('goes to the export that claims last, and stays with it when it claims again', async () => {
    const [first, second] = [stage.newExport(), stage.newExport()];
    await stage.staging.claim(first);
    await stage.staging.claim(first);
    await stage.staging.checkClaim(first);
    await stage.staging.claim(second);
    await stage.staging.checkClaim(second);
    await expect(stage.staging.checkClaim(first)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await expect(stage.staging.claim(first)).rejects.toMatchObject({ code: 'SUPERSEDED' });
  });

  test('that is not there is no later one: the step is retried', async () => {
    await expect(stage.staging.checkClaim(stage.newExport())).rejects.toMatchObject({
      code: 'STAGING_FAILED',
    });
  });

  test('goes to exactly one of many that claim at once, and the others are superseded', async () => {
    const refs = Array.from({ length: 8 }, () => stage.newExport());
    await Promise.all(refs.map((ref) => stage.staging.claim(ref)));
    const checks = await Promise.allSettled(refs.map((ref) => stage.staging.checkClaim(ref)));
    expect(checks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('outlives the rows of its destination', async () => {
    const [first, second] = [stage.newExport(), stage.newExport()];
    await stage.staging.claim(first);
    await stage.staging.claim(second);
    await stage.staging.discard(first.destinationId);
    await expect(stage.staging.claim(first)).rejects.toMatchObject({ code: 'SUPERSEDED' });
  });
});

describe('an audience', () => {
  const audience = { accountId: 'acc1', audienceId: '1a2b3c4d5e' };

  test('is held by one destination of the store, also when it asks twice', async () => {
    await stage.staging.reserveAudience('one', audience);
    await stage.staging.reserveAudience('one', audience);
    await expect(stage.staging.reserveAudience('two', audience)).rejects.toMatchObject({
      code: 'AUDIENCE_IN_USE',
    });
    await stage.staging.reserveAudience('two', { ...audience, audienceId: 'other' });
  });

  test('is free again once its destination lets go of it', async () => {
    await stage.staging.reserveAudience('one', audience);
    await stage.staging.releaseAudience('one');
    await stage.staging.releaseAudience('one');
    await expect(stage.staging.reserveAudience('two', audience)).resolves.toBeUndefined();
  });

  test('gives an audience up when it connects to another before it has exported anything', async () => {
    await stage.staging.reserveAudience('one', audience);
    await stage.staging.reserveAudience('one', { ...audience, audienceId: 'other' });
    await expect(stage.staging.reserveAudience('two', audience)).resolves.toBeUndefined();
  });
});

async function consents(): Promise<readonly unknown[]> {
  const folder = join(stage.folder, 'destinations', 'one', 'consents');
  const names = (await readdir(folder)).toSorted();
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))));
}

describe('consent', () => {
  test('is a document for each statement, and a repeated statement is not a second one', async () => {
    const given = { kind: 'given', by: 'Ann' };
    await stage.staging.recordConsent('one', given);
    await stage.staging.recordConsent('one', given);
    await stage.staging.recordConsent('one', { kind: 'withdrawn', by: 'Bo' });
    expect(await consents()).toEqual([given, { kind: 'withdrawn', by: 'Bo' }]);
  });

  test('stays when the rows are discarded, and those recorded at once are all kept', async () => {
    const statements = ['a', 'b', 'c', 'd'].map((by) => ({ kind: 'given', by }));
    await Promise.all(statements.map((statement) => stage.staging.recordConsent('one', statement)));
    await stage.staging.discard('one');
    expect(await consents()).toEqual(expect.arrayContaining(statements));
    expect(await consents()).toHaveLength(4);
  });
});
