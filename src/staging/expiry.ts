import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportRef } from '../contract/identifiers';
import { isOlder, type Sealed } from './attempt';
import { holderOf } from './claim';
import type { BaselineDocument } from './documents';
import { BASELINE, CENSUS, type Layout } from './layout';
import { listFolder, readDocument } from './seal';

const DAY_MS = 24 * 60 * 60_000;

/** The sealed baseline of the most exports in a row. */
export async function latestBaseline(
  layout: Layout,
  destinationId: string,
): Promise<{ exportId: string; held: number } | undefined> {
  const documents = await Promise.all(
    (await listFolder(layout.exports(destinationId))).map((exportId) =>
      readBaseline(layout, { destinationId, exportId }),
    ),
  );
  const latest = documents
    .filter((document) => document !== undefined)
    .toSorted((a, b) => a.generation - b.generation || a.settledAt.localeCompare(b.settledAt))
    .at(-1);
  return latest && { exportId: latest.exportId, held: latest.held };
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
    if (exportId === baseline) continue;
    const ref = { destinationId, exportId };
    const hasEnded = await hasEndedBefore(layout, ref, {
      ageMs: keepDays * DAY_MS,
      isHolder: exportId === holder,
    });
    if (hasEnded) await deleteRows(layout, ref, { keepCensus: exportId === current?.census });
  }
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
  const census = await readDocument<Sealed>(join(folder, CENSUS));
  for (const name of await listFolder(folder)) {
    if (name !== CENSUS && name !== census?.folder)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Claims stay too, so that an old export that comes back still finds itself superseded. */
export async function discard(layout: Layout, destinationId: string): Promise<void> {
  await rm(layout.exports(destinationId), { recursive: true, force: true });
}

function readBaseline(layout: Layout, ref: ExportRef): Promise<BaselineDocument | undefined> {
  return readDocument<BaselineDocument>(layout.inExport(ref, BASELINE));
}
