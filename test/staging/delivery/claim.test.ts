import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore } from '../../../src/staging';
import { claim } from '../../../src/staging/delivery/claim';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claims-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Counts the objects that are read at once. */
class CountingStore extends FolderStore {
  most = 0;
  #reading = 0;

  override async get(key: string): Promise<string | undefined> {
    this.#reading += 1;
    this.most = Math.max(this.most, this.#reading);
    try {
      return await super.get(key);
    } finally {
      this.#reading -= 1;
    }
  }
}

test('however many exports a destination has had, a claim keeps few files open', async () => {
  const store = new CountingStore(folder);
  const claims = join(folder, 'destinations/newsletter/claims');
  await mkdir(claims, { recursive: true });
  for (let number = 1; number <= 500; number++) {
    const name = `${String(number).padStart(6, '0')}.json`;
    await writeFile(join(claims, name), JSON.stringify({ exportId: `e${number}` }));
  }
  await claim(store, { destinationId: 'newsletter', exportId: 'next' });
  expect(store.most).toBeLessThanOrEqual(100);
});
