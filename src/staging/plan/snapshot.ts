import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { SourceExtract } from '../../ports/source';
import type { SealedExtract } from '../../ports/staging';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { sealAttempt, type Sealed } from '../store/run-once';
import { inExport, SNAPSHOT } from '../store/layout';
import { readDocument, requireLocalFile } from '../store/sealed-files';

interface SnapshotDocument extends Omit<SealedExtract, 'unmatched'>, Sealed {
  /** Undefined in snapshots of version 0.3.0. */
  readonly unmatched?: SourceExtract['unmatched'];
}

const PROFILES = 'profiles.parquet';
const UNMATCHED = 'unmatched.parquet';

export async function sealSnapshot(
  store: StagingStore,
  ref: ExportRef,
  { folder, ...counts }: SealedExtract & { readonly folder: string },
): Promise<SealedExtract> {
  const key = inExport(ref, SNAPSHOT);
  const known = await readDocument<SnapshotDocument>(store, key);
  const result = { ...counts, folder: basename(folder) };
  const files = [PROFILES, ...(existsSync(join(folder, UNMATCHED)) ? [UNMATCHED] : [])];
  const sealed = known ?? (await sealAttempt(store, ref, { document: SNAPSHOT, files, folder, result }));
  await rm(folder, { recursive: true, force: true });
  return { ...toCounts(sealed), ...(sealed.version !== undefined && { version: sealed.version }) };
}

function toCounts({
  profiles,
  selected,
  members,
  unmatched = [],
  unreadable,
}: SnapshotDocument): SourceExtract {
  return { profiles, selected, members, unmatched, unreadable };
}

export interface Snapshot extends SourceExtract {
  /** Path of the local file with its profiles. */
  readonly rows: string;
  /** Path of the local file with the keys that no profile has; undefined: the source does not tell them, or there are none. */
  readonly unmatchedKeys: string | undefined;
}

export async function readSnapshot(store: StagingStore, ref: ExportRef): Promise<Snapshot> {
  const sealed = await readDocument<SnapshotDocument>(store, inExport(ref, SNAPSHOT));
  if (sealed) {
    const counts = toCounts(sealed);
    const hasKeys = counts.unmatched.some(({ keys }) => keys > 0);
    return {
      ...counts,
      rows: await requireLocalFile(store, inExport(ref, sealed.folder, PROFILES)),
      unmatchedKeys: hasKeys ? await store.localFile(inExport(ref, sealed.folder, UNMATCHED)) : undefined,
    };
  }
  throw new ExportError(
    'STAGING_CORRUPT',
    'The snapshot of this export is not in the staging store. The staging store was changed, or this is a bug. Start a new export.',
  );
}
