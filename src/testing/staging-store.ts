import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { StagingStore } from '../ports/staging-store';
import { assertSame, casesWith, type ContractCase, type Fixture } from './contract-case';

export interface StagingStoreFixture extends Fixture {
  /** An empty store. */
  readonly store: StagingStore;
  /** The same store as another process has it. */
  readonly other: StagingStore;
}

const KEY = 'destinations/one/exports/e-1/plan.json';

/**
 * The rules of `StagingStore`.
 * @param open makes an empty store for each case
 * @example
 * ```ts
 * import { stagingStoreContract } from 'temporal-mailchimp/testing';
 *
 * for (const { name, run } of stagingStoreContract(openMyStore)) test(name, run);
 * ```
 */
export function stagingStoreContract(open: () => Promise<StagingStoreFixture>): readonly ContractCase[] {
  return casesWith(open, RULES);
}

const RULES: Readonly<Record<string, (opened: StagingStoreFixture) => Promise<void>>> = {
  'an object is what was put, for every process': async ({ store, other }) => {
    assert.equal(await store.put(KEY, 'größer'), true);
    for (const each of [store, other]) {
      assert.equal(await each.get(KEY), 'größer');
      assert.equal((await each.head(KEY))?.size, Buffer.byteLength('größer'));
    }
  },
  'an object that exists is left as it is, and the second put says so': async ({ store, other }) => {
    assert.equal(await store.put(KEY, 'first'), true);
    assert.equal(await other.put(KEY, 'second'), false);
    assert.equal(await other.put(KEY, { file: await localFile(other, 'third') }), false);
    assert.equal(await store.get(KEY), 'first');
  },
  'of many puts of one key at once, one creates the object, and its content is whole': async ({
    store,
    other,
  }) => {
    const contents = Array.from({ length: 8 }, (_, index) => String(index).repeat(50_000));
    const puts = await Promise.all(
      contents.map((content, index) => (index % 2 === 0 ? store : other).put(KEY, content)),
    );
    assert.equal(puts.filter(Boolean).length, 1);
    assert.equal(await store.get(KEY), contents[puts.indexOf(true)]);
  },
  'a deleted object makes its key free again': async ({ store }) => {
    await store.put(KEY, 'first');
    await store.delete(KEY);
    assert.equal(await store.get(KEY), undefined);
    assert.equal(await store.put(KEY, 'second'), true);
    assert.equal(await store.get(KEY), 'second');
  },
  'a file that is put is gone from where it was, whether it was stored or not': async ({ store }) => {
    for (const isFirst of [true, false]) {
      const file = await localFile(store, 'rows');
      assert.equal(await store.put(KEY, { file }), isFirst);
      await assert.rejects(stat(file), { code: 'ENOENT' });
    }
    assert.equal(await store.get(KEY), 'rows');
  },
  'an object can be had as a local file below the working folder': async ({ store, other }) => {
    await store.put(KEY, { file: await localFile(store, 'rows') });
    for (const each of [store, other]) {
      const path = (await each.localFile(KEY)) ?? '';
      assert.equal(await readFile(path, 'utf8'), 'rows');
      const inside = relative(each.workFolder, path);
      assert.ok(inside !== '' && !inside.startsWith('..') && !isAbsolute(inside), inside);
    }
    assert.equal((await store.localFile(KEY)) !== undefined, true);
  },
  'an object knows when it was created': async ({ store }) => {
    // File systems and servers keep whole seconds, and clocks differ a little.
    const toleranceMs = 60_000;
    await store.put(KEY, 'x');
    const { createdMs = 0 } = (await store.head(KEY)) ?? {};
    assert.ok(Math.abs(createdMs - Date.now()) < toleranceMs, String(createdMs));
  },
  'a folder lists its objects and folders by name, sorted, and nothing below them': async ({
    store,
    other,
  }) => {
    for (const key of ['a/10.json', 'a/2.json', 'a/b/c/deep.json', 'a/b-c.json', 'ab/other.json'])
      await store.put(key, key);
    assertSame(await other.list('a/'), ['10.json', '2.json', 'b-c.json', 'b/']);
    assertSame(await other.list('a/b/'), ['c/']);
  },
  'a folder is gone with its last object': async ({ store }) => {
    await store.put('a/b/one.json', '1');
    await store.put('a/two.json', '2');
    await store.delete('a/b/one.json');
    assertSame(await store.list('a/'), ['two.json']);
    await store.delete('a/two.json');
    assertSame(await store.list('a/'), []);
  },
  'objects are put and deleted side by side without getting into each other’s way': async ({
    store,
    other,
  }) => {
    const rounds = Array.from({ length: 20 }, (_, index) => `a/b/${index}.json`);
    await Promise.all(
      rounds.map(async (key, index) => {
        const each = index % 2 === 0 ? store : other;
        assert.equal(await each.put(key, key), true);
        await each.delete(key);
        assert.equal(await each.put(key, key), true);
      }),
    );
    assert.equal((await store.list('a/b/')).length, rounds.length);
  },
  'what does not exist is undefined, an empty list, or deleted already': async ({ store }) => {
    assert.equal(await store.get(KEY), undefined);
    assert.equal(await store.head(KEY), undefined);
    assert.equal(await store.localFile(KEY), undefined);
    assertSame(await store.list('destinations/'), []);
    await store.delete(KEY);
  },
  'reading creates nothing': async ({ store }) => {
    await store.get(KEY);
    await store.head(KEY);
    await store.list('destinations/');
    await store.localFile(KEY);
    assertSame(await store.list(''), []);
  },
  'a large file arrives as it is': async ({ store, other }) => {
    const content = randomUUID().repeat(300_000);
    await store.put(KEY, { file: await localFile(store, content) });
    assert.equal((await other.head(KEY))?.size, content.length);
    assert.equal((await readFile((await other.localFile(KEY)) ?? '', 'utf8')) === content, true);
  },
};

/** As staging writes it: by another program, below the working folder. */
async function localFile({ workFolder }: StagingStore, content: string): Promise<string> {
  const folder = join(workFolder, 'scratch');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `put-${randomUUID()}`);
  await writeFile(path, content);
  return path;
}
