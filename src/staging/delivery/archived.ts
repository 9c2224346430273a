import type { ArchivedContact } from '../../ports/staging';
import type { ExportRef } from '../../contract/identifiers';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { listObjects, requireText } from '../store/sealed-files';
import { sealRows } from '../store/superseded';

const ARCHIVED = 'archived';

/** Remembers who was archived by an attempt that failed before the results of the chunk were sealed. */
export async function recordArchived(
  store: StagingStore,
  ref: ExportRef,
  contacts: readonly ArchivedContact[],
): Promise<void> {
  if (contacts.length > 0)
    await sealRows(store, ref, { folder: `${inExport(ref, ARCHIVED)}/`, pages: [contacts] });
}

export async function readArchived(store: StagingStore, ref: ExportRef): Promise<readonly ArchivedContact[]> {
  const found: ArchivedContact[] = [];
  for (const name of await listObjects(store, `${inExport(ref, ARCHIVED)}/`)) {
    const lines = (await requireText(store, inExport(ref, ARCHIVED, name))).split('\n');
    for (const line of lines) if (line !== '') found.push(JSON.parse(line) as ArchivedContact);
  }
  return found;
}
