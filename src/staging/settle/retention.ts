import { rm } from 'node:fs/promises';
import type { ExportRef } from '../../contract/identifiers';
import type { StagingStore } from '../../ports/staging-store';
import { holderOf } from '../delivery/claim';
import { type BaselineDocument, OUTCOMES, readBaseline } from '../store/documents';
import {
  attemptsOf,
  BASELINE,
  CENSUS,
  DESTINATIONS,
  exportFolder,
  exportsFolder,
  inExport,
  liftsFolder,
} from '../store/layout';
import { isUntouchedFor, type Sealed } from '../store/run-once';
import { deleteAll, listFolders, readDocument } from '../store/sealed-files';

const DAY_MS = 24 * 60 * 60_000;

/** The baseline with the highest generation. */
export async function latestBaseline(
  store: StagingStore,
  destinationId: string,
): Promise<{ exportId: string; size: number } | undefined> {
  const exportIds = await listFolders(store, exportsFolder(destinationId));
  const documents = await Promise.all(
    exportIds.map((exportId) => readBaseline(store, { destinationId, exportId })),
  );
  const latest = documents
    .filter((document) => document !== undefined)
    .toSorted((a, b) => a.generation - b.generation || a.settledAt.localeCompare(b.settledAt))
    .at(-1);
  return latest && { exportId: latest.exportId, size: latest.settlement.baselineSize };
}

/** All destinations, also those without further exports: nothing else deletes their rows in time. */
export async function expireAll(store: StagingStore, keepDays: number): Promise<void> {
  for (const destinationId of await listFolders(store, DESTINATIONS)) {
    const latest = await latestBaseline(store, destinationId);
    await expire(store, destinationId, { baseline: latest?.exportId ?? null, keepDays });
  }
}

export async function expire(
  store: StagingStore,
  destinationId: string,
  { baseline, keepDays }: { baseline: string | null; keepDays: number },
): Promise<void> {
  const current =
    baseline === null ? undefined : await readBaseline(store, { destinationId, exportId: baseline });
  const holder = await holderOf(store, destinationId);
  for (const exportId of await listFolders(store, exportsFolder(destinationId))) {
    const ref = { destinationId, exportId };
    const hasEnded = await hasEndedBefore(store, ref, {
      ageMs: keepDays * DAY_MS,
      isHolder: exportId === holder,
    });
    if (!hasEnded) continue;
    if (exportId === baseline && current) await deleteAllBut(store, ref, current);
    else await deleteRows(store, ref, { keepCensus: exportId === current?.census });
  }
}

/** Keeps, of the export with the current baseline, what the next export reads: the baseline's rows, as hashes, and the census. */
async function deleteAllBut(store: StagingStore, ref: ExportRef, current: BaselineDocument): Promise<void> {
  await store.delete(inExport(ref, current.folder, OUTCOMES));
  await deleteOthers(store, ref, [BASELINE, `${current.folder}/`]);
}

/** An export that was never settled has ended once a later one has claimed the destination. */
async function hasEndedBefore(
  store: StagingStore,
  ref: ExportRef,
  { ageMs, isHolder }: { ageMs: number; isHolder: boolean },
): Promise<boolean> {
  const settled = await readBaseline(store, ref);
  if (settled) return Date.parse(settled.settledAt) < Date.now() - ageMs;
  return !isHolder && (await isUntouchedFor(store, exportFolder(ref), ageMs));
}

/** The census outlives its export: later plans read there which members were in the audience before the first export. */
async function deleteRows(
  store: StagingStore,
  ref: ExportRef,
  { keepCensus }: { keepCensus: boolean },
): Promise<void> {
  // First, so that a deletion that is interrupted leaves no baseline without its rows.
  await store.delete(inExport(ref, BASELINE));
  if (keepCensus) await deleteOthers(store, ref, []);
  else await deleteAll(store, exportFolder(ref));
}

/** Deletes all but the census and the names in `kept`; folders end with "/". */
async function deleteOthers(store: StagingStore, ref: ExportRef, kept: readonly string[]): Promise<void> {
  const census = await readDocument<Sealed>(store, inExport(ref, CENSUS));
  const stays = [...kept, CENSUS, ...(census ? [`${census.folder}/`] : [])];
  for (const name of await store.list(exportFolder(ref))) {
    if (stays.includes(name)) continue;
    if (name.endsWith('/')) await deleteAll(store, exportFolder(ref) + name);
    else await store.delete(exportFolder(ref) + name);
  }
}

/** Keeps the claims, so that an old export that a reset runs again still finds itself superseded. */
export async function discard(store: StagingStore, destinationId: string): Promise<void> {
  await deleteAll(store, exportsFolder(destinationId));
  await deleteAll(store, liftsFolder(destinationId));
  // A step that failed or died may have left rows there.
  await rm(attemptsOf(store, destinationId), { recursive: true, force: true });
}
