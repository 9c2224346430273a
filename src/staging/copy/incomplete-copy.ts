import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { unchangedOf } from '../store/failure';
import { STORE } from '../store/layout';
import { readCopy } from './begin';

/**
 * The place of a copy, which is changed only while the copy is not complete: a command that was frozen would otherwise delete what exports have written
 * there since another command has completed it, or bring back what they have deleted.
 */
export function incompleteCopy(to: StagingStore, id: string): StagingStore {
  const requireIncomplete = async (): Promise<void> => {
    const [copy, store] = await Promise.all([readCopy(to), to.head(STORE)]);
    if (copy?.id === id && !store) return;
    throw new ExportError(
      'STAGING_FAILED',
      'Another command has completed the copy, or given it up. Repeat the command.',
    );
  };
  return {
    ...unchangedOf(to),
    put: async (key, content) => {
      await requireIncomplete();
      return to.put(key, content);
    },
    get: (key) => to.get(key),
    head: (key) => to.head(key),
    list: (folder) => to.list(folder),
    delete: async (key) => {
      await requireIncomplete();
      await to.delete(key);
    },
    localFile: (key) => to.localFile(key),
  };
}
