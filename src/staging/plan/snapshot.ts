import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import type { SourceExtract } from '../../ports/source';
import type { FinishedExtract, SealedExtract } from '../../ports/staging';
import { quoteText } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { openAttempt, sealAttempt, type Sealed } from '../store/run-once';
import { inExport, SNAPSHOT } from '../store/layout';
import { deriveColumns } from './derive';
import { readDocument, requireLocalFile } from '../store/sealed-files';
import { type StepContext, withWorkspace } from '../store/workspace';

interface SnapshotDocument extends Omit<SealedExtract, 'unmatched'>, Sealed {
  /** Undefined in snapshots of version 0.3.0. */
  readonly unmatched?: SourceExtract['unmatched'];
}

export const PROFILES = 'profiles.parquet';
export const UNMATCHED = 'unmatched.parquet';

export async function sealSnapshot(
  { store, ref, memoryLimit, signal }: Omit<StepContext, 'now'>,
  { folder, matching, ...counts }: FinishedExtract,
): Promise<SealedExtract> {
  const key = inExport(ref, SNAPSHOT);
  const known = await readDocument<SnapshotDocument>(store, key);
  const result = { ...counts, folder: basename(folder) };
  const files = [PROFILES, ...(existsSync(join(folder, UNMATCHED)) ? [UNMATCHED] : [])];
  if (!known && matching) {
    const { selected: rows } = counts;
    const extract = { folder, file: PROFILES, rows, memoryLimit, allow: store.workFolder, signal };
    await deriveColumns(extract, matching);
  }
  const sealed = known ?? (await sealAttempt(store, ref, { document: SNAPSHOT, files, folder, result }));
  await rm(folder, { recursive: true, force: true });
  return { ...toCounts(sealed), ...(sealed.version !== undefined && { version: sealed.version }) };
}

/** As a source writes it that has no profile. */
export async function sealNoProfiles(
  { store, memoryLimit, ref }: Omit<StepContext, 'now'>,
  attributes: number,
): Promise<SealedExtract> {
  const folder = await openAttempt(store, ref, 'snapshot');
  const columns = ['key', 'segments', ...Array.from({ length: attributes }, (_, index) => `a${index}`)];
  await withWorkspace({ folder, memoryLimit, rows: 0, allow: store.workFolder }, (database) =>
    database.run(
      `COPY (SELECT ${columns.map((column) => `NULL::VARCHAR AS ${column}`).join(', ')} WHERE false) TO ${quoteText(join(folder, PROFILES))} (FORMAT parquet)`,
    ),
  );
  return sealSnapshot(
    { store, memoryLimit, ref },
    {
      folder,
      profiles: 0,
      selected: 0,
      members: [],
      unmatched: [],
      unreadable: [],
    },
  );
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

/** Path of the local file with its profiles. Undefined: they are not kept. */
export async function findSnapshot(store: StagingStore, ref: ExportRef): Promise<string | undefined> {
  const sealed = await readDocument<SnapshotDocument>(store, inExport(ref, SNAPSHOT));
  return sealed && store.localFile(inExport(ref, sealed.folder, PROFILES));
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
