import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import { isOlder, type Sealed } from '../store/run-once';
import { holderOf } from '../delivery/claim';
import { type BaselineDocument, OUTCOMES } from '../store/documents';
import { BASELINE, CENSUS, type Layout } from '../store/layout';
import { listFolder, readDocument } from '../store/atomic-files';

const DAY_MS = 24 * 60 * 60_000;

/** The sealed baseline of the most exports in a row. */
export async function latestBaseline(
  layout: Layout,
  destinationId: string,
): Promise<{ exportId: string; size: number } | undefined> {
  const documents = await Promise.all(
    (await listFolder(layout.exports(destinationId))).map((exportId) =>
      readBaseline(layout, { destinationId, exportId }),
    ),
  );
  const latest = documents
    .filter((document) => document !== undefined)
    .toSorted((a, b) => a.generation - b.generation || a.settledAt.localeCompare(b.settledAt))
    .at(-1);
  return latest && { exportId: latest.exportId, size: latest.size };
}

/** All destinations, also those that export no more: what is over goes from here on by the day. */
export async function expireAll(layout: Layout, keepDays: number): Promise<void> {
  for (const destinationId of await listFolder(layout.destinations)) {
    const latest = await latestBaseline(layout, destinationId);
    await expire(layout, destinationId, { baseline: latest?.exportId ?? null, keepDays });
  }
}

export async function expire(
  layout: Layout,
  destinationId: string,
  { baseline, keepDays }: { baseline: string | null; keepDays: number },
): Promise<void> {
  const current =
    baseline === null ? undefined : await readBaseline(layout, { destinationId, exportId: baseline });
  const holder = await holderOf(layout, destinationId);
  for (const exportId of await listFolder(layout.exports(destinationId))) {
    const ref = { destinationId, exportId };
    const hasEnded = await hasEndedBefore(layout, ref, {
      ageMs: keepDays * DAY_MS,
      isHolder: exportId === holder,
    });
    if (!hasEnded) continue;
    if (exportId === baseline && current) await deleteAllBut(layout, ref, current);
    else await deleteRows(layout, ref, { keepCensus: exportId === current?.census });
  }
}

/** Of the current baseline's export stays what the next one reads: what Mailchimp holds from us, as hashes, and the census. */
async function deleteAllBut(layout: Layout, ref: ExportRef, current: BaselineDocument): Promise<void> {
  await rm(layout.inExport(ref, current.folder, OUTCOMES), { force: true });
  await deleteOthers(layout, ref, [BASELINE, current.folder]);
}

/** An export that never settled has ended when a later one has taken the claim. */
async function hasEndedBefore(
  layout: Layout,
  ref: ExportRef,
  { ageMs, isHolder }: { ageMs: number; isHolder: boolean },
): Promise<boolean> {
  const settled = await readBaseline(layout, ref);
  if (settled) return Date.parse(settled.settledAt) < Date.now() - ageMs;
  return !isHolder && (await isOlder(layout.export(ref), ageMs));
}

/** The census outlives its export: later plans read there who was in the audience before us. */
async function deleteRows(
  layout: Layout,
  ref: ExportRef,
  { keepCensus }: { keepCensus: boolean },
): Promise<void> {
  const folder = layout.export(ref);
  // First, so that what is half deleted is no baseline.
  await rm(join(folder, BASELINE), { force: true });
  if (!keepCensus) {
    await rm(folder, { recursive: true, force: true });
    return;
  }
  await deleteOthers(layout, ref, []);
}

/** All but the census and what is named. */
async function deleteOthers(layout: Layout, ref: ExportRef, kept: readonly string[]): Promise<void> {
  const folder = layout.export(ref);
  const census = await readDocument<Sealed>(join(folder, CENSUS));
  const stays = [...kept, CENSUS, ...(census ? [census.folder] : [])];
  for (const name of await listFolder(folder))
    if (!stays.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
}

/** Claims stay too, so that an old export that comes back still finds itself superseded. */
export async function discard(layout: Layout, destinationId: string): Promise<void> {
  await rm(layout.exports(destinationId), { recursive: true, force: true });
}

function readBaseline(layout: Layout, ref: ExportRef): Promise<BaselineDocument | undefined> {
  return readDocument<BaselineDocument>(layout.inExport(ref, BASELINE));
}
