import type { StagingStore } from '../../ports/staging-store';
import { exportsFolder } from '../store/layout';
import { listRowFiles } from '../store/generations';
import { listFolders } from '../store/sealed-files';

/** A file with rows, of any export or plan of a destination. */
export interface RowFile {
  /** Its first name. */
  readonly key: string;
  /** E.g. `outcomes.parquet`. */
  readonly name: string;
}

/** The files with rows of all exports and plans of a destination whose rows are kept, also of those that never ended. */
export async function* rowFilesOf(store: StagingStore, destinationId: string): AsyncGenerator<RowFile> {
  const exports = exportsFolder(destinationId);
  for (const exportId of await listFolders(store, exports))
    for (const step of await listFolders(store, `${exports}${exportId}/`)) {
      const folder = `${exports}${exportId}/${step}/`;
      for (const name of await listRowFiles(store, folder)) yield { key: folder + name, name };
    }
}

/** Column with the address as the source has it, by the name of the file. */
export function rawAddressOf(name: string, columns: readonly string[]): string | undefined {
  const column = name === SNAPSHOT_PROFILES ? 'a0' : 'email';
  return columns.includes(column) ? column : undefined;
}

/** Other files name its rows by their positions. */
export const SNAPSHOT_PROFILES = 'profiles.parquet';
