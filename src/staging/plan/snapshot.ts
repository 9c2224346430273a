import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { SourceExtract } from '../../ports/source';
import { ExportError } from '../../errors';
import type { Sealed } from '../store/run-once';
import { type Layout, SNAPSHOT } from '../store/layout';
import { keepFile, readDocument, sealDocument } from '../store/atomic-files';

interface SnapshotDocument extends Omit<SourceExtract, 'folder'>, Sealed {}

const PROFILES = 'profiles.parquet';

export async function sealSnapshot(
  layout: Layout,
  ref: ExportRef,
  extract: SourceExtract,
): Promise<SourceExtract> {
  const path = layout.inExport(ref, SNAPSHOT);
  const ours = basename(extract.folder);
  if (!(await readDocument<SnapshotDocument>(path))) {
    await keepFile(join(extract.folder, PROFILES));
    await sealDocument(path, { ...extract, folder: ours });
  }
  const sealed = await readSnapshot(layout, ref);
  // Sealing twice hands in the sealed folder itself.
  if (basename(sealed.folder) !== ours) await rm(extract.folder, { recursive: true, force: true });
  return sealed;
}

export async function readSnapshot(layout: Layout, ref: ExportRef): Promise<SourceExtract> {
  const sealed = await readDocument<SnapshotDocument>(layout.inExport(ref, SNAPSHOT));
  if (sealed) return { ...sealed, folder: layout.inExport(ref, sealed.folder) };
  throw new ExportError(
    'STAGING_CORRUPT',
    'The snapshot of this export is not in the staging folder, although it was taken. Was the folder changed? Start a new export.',
  );
}
