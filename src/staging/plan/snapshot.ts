import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { SourceExtract } from '../../ports/source';
import { ExportError } from '../../errors';
import type { Sealed } from '../store/run-once';
import { type Layout, SNAPSHOT } from '../store/layout';
import { keepFile, readDocument, sealDocument } from '../store/atomic-files';
import type { FieldMatch } from '../../contract/merge-field';

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

/** What an export reads of each profile. */
export interface Matching {
  readonly email: string;
  readonly fields: readonly FieldMatch[];
  readonly latest: string | null;
}

/**
 * Attributes that a source has to extract, in the order that the plan expects: the e-mail attribute first (`a0`), then the
 * matched ones in the order of `fields`, then the one that says which profile is the latest, each once.
 */
export function extractAttributes({ email, fields, latest }: Matching): readonly string[] {
  const attributes = [email, ...fields.map(({ attribute }) => attribute)];
  return [...new Set(latest === null ? attributes : [...attributes, latest])];
}

/** Column of the snapshot that holds an attribute. */
export function attributeColumn(attributes: readonly string[], attribute: string): string {
  return `a${attributes.indexOf(attribute)}`;
}
