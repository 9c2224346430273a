import type { ExportRef } from '../../contract/identifiers';
import type { MemberReading, Suspect } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { quoteText } from '../../duckdb/quote';
import { inExport, SUSPECTS } from '../store/layout';
import { readDocument, requireLocalFile, sealLines } from '../store/sealed-files';
import { withTemporaryWorkspace } from '../store/workspace';
import { READINGS, SUSPECT_ROWS, type SuspectsDocument } from './documents';

/** Suspects that are read between two marks: what a killed attempt has read is not read again. */
const SUSPECTS_OF_PAGE = 200;

interface ReadInput {
  readonly store: StagingStore;
  readonly memoryLimit: string;
}

/** A page of the suspects, from 0. */
export async function readSuspects(
  { store, memoryLimit }: ReadInput,
  ref: ExportRef,
  page: number,
): Promise<readonly Suspect[]> {
  const sealed = await readDocument<SuspectsDocument>(store, inExport(ref, SUSPECTS));
  if (!sealed || !Number.isSafeInteger(page)) return [];
  const rows = await requireLocalFile(store, inExport(ref, sealed.folder, SUSPECT_ROWS));
  const first = page * SUSPECTS_OF_PAGE;
  return withTemporaryWorkspace({ store, memoryLimit, rows: SUSPECTS_OF_PAGE }, (database) =>
    database.rows<Suspect>(
      `SELECT n, address AS email, fields, more, differing FROM read_parquet(${quoteText(rows)}) WHERE n > ${first} AND n <= ${first + SUSPECTS_OF_PAGE} ORDER BY n`,
    ),
  );
}

export async function hasReadings(store: StagingStore, ref: ExportRef, page: number): Promise<boolean> {
  return (await store.head(readingsKey(ref, page))) !== undefined;
}

export async function sealReadings(
  store: StagingStore,
  ref: ExportRef,
  { page, readings }: { readonly page: number; readonly readings: readonly MemberReading[] },
): Promise<void> {
  await sealLines(store, readingsKey(ref, page), [readings]);
}

function readingsKey(ref: ExportRef, page: number): string {
  return inExport(ref, READINGS, `${String(page).padStart(6, '0')}.ndjson`);
}
