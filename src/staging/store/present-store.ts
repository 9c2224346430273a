import { ExportError } from '../../errors';
import type { ObjectInfo, StagingStore } from '../../ports/staging-store';
import { unchangedOf } from './failure';
import { STORE } from './layout';

/**
 * A store that says that an object is absent only while the store itself is there. A disk that is unmounted for a moment leaves an empty
 * folder: without this, every claim, plan and baseline would look as if it had never been, and a new object would make a second store. A
 * server that is away says so.
 */
export function presentStore(store: StagingStore): StagingStore {
  if (store.isServed) return store;
  const requirePresent = async (): Promise<void> => {
    if (await store.head(STORE)) return;
    throw new ExportError(
      'STAGING_FAILED',
      `The staging store is not there: its ${STORE} is missing. It is retried; check that the disk of the ${store.kind} is mounted.`,
    );
  };
  const unlessAway = async <Found>(found: Found | undefined): Promise<Found | undefined> => {
    if (found === undefined) await requirePresent();
    return found;
  };
  return {
    ...unchangedOf(store),
    put: async (key, content) => {
      await requirePresent();
      return store.put(key, content);
    },
    get: async (key) => unlessAway(await store.get(key)),
    head: async (key): Promise<ObjectInfo | undefined> => unlessAway(await store.head(key)),
    list: async (folder) => {
      const names = await store.list(folder);
      if (names.length === 0) await requirePresent();
      return names;
    },
    delete: (key) => store.delete(key),
    localFile: async (key) => unlessAway(await store.localFile(key)),
  };
}
