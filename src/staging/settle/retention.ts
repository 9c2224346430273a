import type { ExportRef } from '../../contract/identifiers';
import type { Keep } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { mayHaveArrived } from '../delivery/attempts';
import { lastClaim } from '../delivery/claim';
import { claimsOf, placeOf, SERIES, type Series } from '../delivery/claim-series';
import { type BaselineDocument, OUTCOMES, readBaseline } from '../store/documents';
import {
  BASELINE,
  CENSUS,
  DESTINATIONS,
  DRAINED,
  EARLIER_SETTLED,
  exportFolder,
  exportsFolder,
  forgetsFolder,
  forgottenFolder,
  inExport,
  liftsFolder,
  repairsFolder,
  tagsFolder,
} from '../store/layout';
import { deleteRowFile } from '../store/generations';
import { expireForgets } from '../store/forgets';
import { expireLifts } from '../store/lifts';
import { isUntouchedFor, type Sealed } from '../store/run-once';
import { removeAttempts } from '../store/scratch';
import { deleteAll, listFolders, readDocument } from '../store/sealed-files';

const DAY_MS = 24 * 60 * 60_000;

/** The baseline with the highest generation. */
export async function latestBaseline(
  store: StagingStore,
  destinationId: string,
): Promise<{ exportId: string; size: number } | undefined> {
  let latest: BaselineDocument | undefined;
  // One by one: a process may open only so many files.
  for (const exportId of await listFolders(store, exportsFolder(destinationId))) {
    const document = await readBaseline(store, { destinationId, exportId });
    if (document && (!latest || isLater(document, latest))) latest = document;
  }
  return latest && { exportId: latest.exportId, size: latest.settlement.baselineSize };
}

function isLater(one: BaselineDocument, other: BaselineDocument): boolean {
  if (one.generation !== other.generation) return one.generation > other.generation;
  return one.settledAt > other.settledAt;
}

/** All destinations, also those without further exports: nothing else deletes their rows in time. */
export async function expireAll(store: StagingStore, keep: Keep, signal?: AbortSignal): Promise<void> {
  for (const destinationId of await listFolders(store, DESTINATIONS)) {
    if (signal?.aborted) return;
    const latest = await latestBaseline(store, destinationId);
    await expire(store, destinationId, { ...keep, baseline: latest?.exportId ?? null });
  }
}

interface Current {
  /** Export with the current baseline. */
  readonly baseline: string | null;
}

/** Deletes the rows of all exports of a destination that are too old, or too many. */
export async function expire(
  store: StagingStore,
  destinationId: string,
  { baseline, keepDays, keepExports }: Keep & Current,
): Promise<void> {
  const before = new Date(Date.now() - keepDays * DAY_MS);
  await expireLifts(store, destinationId, before);
  await expireForgets(store, destinationId, { forgottenBefore: before });
  const expiry = await openExpiry(store, destinationId, baseline);
  const recent = await recentJobs(expiry, destinationId, keepExports);
  for (const exportId of await listFolders(store, exportsFolder(destinationId))) {
    const ref = { destinationId, exportId };
    const isBeyond = recent !== undefined && !recent.has(exportId);
    if ((isBeyond && (await isOver(expiry, ref))) || (await hasEndedBefore(expiry, ref, keepDays * DAY_MS)))
      await expireOne(expiry, ref);
  }
}

/** Jobs of a series that `tidy` looks at: more than one becomes too many when jobs failed to tidy, or `keepExports` is less than before. */
const TIDIED_AT_ONCE = 10;

/**
 * Deletes the rows of the exports, and of the other jobs, that the last one has made too many. Looks at a few only, however many there have been. The two
 * are counted apart: otherwise an hourly verification would push out the rows of every export within days.
 */
export async function tidy(
  store: StagingStore,
  destinationId: string,
  { baseline, keepExports }: Omit<Keep, 'keepDays'> & Current,
): Promise<void> {
  const expiry = await openExpiry(store, destinationId, baseline);
  // Other jobs have sent nothing, so there is nothing to be drained.
  for (const series of expiry.isDrained ? SERIES : (['others'] as const))
    await tidySeries(expiry, destinationId, { series, keepExports });
}

async function tidySeries(
  expiry: Expiry,
  destinationId: string,
  { series, keepExports }: { readonly series: Series; readonly keepExports: number },
): Promise<void> {
  const { store, last } = expiry;
  if (!last) return;
  let looked = 0;
  const from = placeOf(last, series) - keepExports;
  for await (const { exportId } of claimsOf(store, destinationId, { series, last, from })) {
    const ref = { destinationId, exportId };
    if ((await store.list(exportFolder(ref))).length === 0) return;
    if (await isOver(expiry, ref)) await expireOne(expiry, ref);
    looked += 1;
    if (looked === TIDIED_AT_ONCE) return;
  }
}

interface Expiry {
  readonly store: StagingStore;
  /** The export that may send. */
  readonly last: Awaited<ReturnType<typeof lastClaim>>;
  /** Whether it has found that no write of an earlier export runs: before, their attempts must be kept. */
  readonly isDrained: boolean;
  /** The current baseline. */
  readonly current: BaselineDocument | undefined;
}

async function openExpiry(
  store: StagingStore,
  destinationId: string,
  baseline: string | null,
): Promise<Expiry> {
  const last = await lastClaim(store, destinationId);
  const mark = last && (await store.head(inExport({ destinationId, exportId: last.exportId }, DRAINED)));
  const current =
    baseline === null ? undefined : await readBaseline(store, { destinationId, exportId: baseline });
  return { store, last, isDrained: mark !== undefined, current };
}

/** The last exports that claimed the destination, and as many other jobs. Undefined: none is too many, as far as is known. */
async function recentJobs(
  { store, last, isDrained }: Expiry,
  destinationId: string,
  keepExports: number,
): Promise<ReadonlySet<string> | undefined> {
  if (!last || !isDrained || SERIES.every((series) => placeOf(last, series) <= keepExports)) return undefined;
  const recent = new Set<string>();
  for (const series of SERIES) {
    let kept = 0;
    for await (const { exportId } of claimsOf(store, destinationId, { series, last })) {
      recent.add(exportId);
      kept += 1;
      if (kept === keepExports) break;
    }
  }
  return recent;
}

/** Whether an export that a later one has superseded has nothing left to settle. */
async function isOver({ store, last }: Expiry, ref: ExportRef): Promise<boolean> {
  if (ref.exportId === last?.exportId) return false;
  return (await store.head(inExport(ref, BASELINE))) !== undefined || !(await mayHaveArrived(store, ref));
}

/** An export that was never settled has ended once a later one has claimed the destination. */
async function hasEndedBefore({ store, last }: Expiry, ref: ExportRef, ageMs: number): Promise<boolean> {
  const settled = await readBaseline(store, ref);
  if (settled) return Date.parse(settled.settledAt) < Date.now() - ageMs;
  return ref.exportId !== last?.exportId && (await isUntouchedFor(store, exportFolder(ref), ageMs));
}

/**
 * Deletes the rows of an export, except what later exports read: of the current baseline its rows, as hashes; the census in force, which shows
 * who was in the audience before the first export; and of the last export the marks at which they stop looking back.
 */
async function expireOne({ store, last, current }: Expiry, ref: ExportRef): Promise<void> {
  const { exportId } = ref;
  const kept = [];
  if (exportId === last?.exportId) kept.push(DRAINED, EARLIER_SETTLED);
  if (exportId === current?.census) kept.push(...(await sealedNames(store, ref, CENSUS)));
  if (current && exportId === current.exportId) {
    kept.push(DRAINED, EARLIER_SETTLED, BASELINE, `${current.folder}/`);
    await deleteRowFile(store, inExport(ref, current.folder, OUTCOMES));
  }
  // First, so that a deletion that is interrupted leaves no baseline without its rows.
  else await store.delete(inExport(ref, BASELINE));
  for (const name of await store.list(exportFolder(ref))) {
    if (kept.includes(name)) continue;
    if (name.endsWith('/')) await deleteAll(store, exportFolder(ref) + name);
    else await store.delete(exportFolder(ref) + name);
  }
}

/** A document and the folder with its rows. */
async function sealedNames(store: StagingStore, ref: ExportRef, document: string): Promise<string[]> {
  const sealed = await readDocument<Sealed>(store, inExport(ref, document));
  return sealed ? [document, `${sealed.folder}/`] : [];
}

/** Keeps the claims, so that an old export that a reset runs again still finds itself superseded. */
export async function discard(store: StagingStore, destinationId: string): Promise<void> {
  await deleteAll(store, exportsFolder(destinationId));
  await deleteAll(store, liftsFolder(destinationId));
  await deleteAll(store, repairsFolder(destinationId));
  await deleteAll(store, forgetsFolder(destinationId));
  await deleteAll(store, forgottenFolder(destinationId));
  // The tags stay in Mailchimp, and may be another tool's by the time that a destination of this name connects again.
  await deleteAll(store, tagsFolder(destinationId));
  // A step that failed or died may have left rows there.
  await removeAttempts(store, destinationId);
}
