import type { ExportRef } from '../../contract/identifiers';
import { listClaims } from '../delivery/claim';
import { mayHaveArrived } from '../delivery/attempts';
import { readBaseline } from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import type { StepContext } from '../store/workspace';
import { settle } from './settle';

/**
 * Settles what was sent after the named baseline and never settled, since destination and export were lost. Otherwise the contacts
 * that it tagged would keep the tag permanently: no baseline has them.
 * @returns the export with the latest baseline: the named one, or a later one
 */
export async function settleEarlier(input: StepContext, baseline: string | null): Promise<string | null> {
  const { store, ref } = input;
  let latest = { exportId: baseline, generation: await generationOf(store, ref, baseline) };
  for (const exportId of await claimedSince(store, ref, baseline)) {
    const earlier = { ...ref, exportId };
    if (await mayHaveArrived(store, earlier)) await settle({ ...input, ref: earlier }, null);
    const generation = await generationOf(store, ref, exportId);
    if (generation > latest.generation) latest = { exportId, generation };
  }
  return latest.exportId;
}

/** Exports that have claimed the destination after the named one, and before this one. */
async function claimedSince(
  store: StagingStore,
  { destinationId, exportId }: ExportRef,
  baseline: string | null,
): Promise<readonly string[]> {
  const claims = await listClaims(store, destinationId);
  const ours = claims.indexOf(exportId);
  return claims.slice(baseline === null ? 0 : claims.indexOf(baseline) + 1, ours < 0 ? claims.length : ours);
}

/** 0: there is no baseline. */
async function generationOf(store: StagingStore, ref: ExportRef, exportId: string | null): Promise<number> {
  if (exportId === null) return 0;
  const document = await readBaseline(store, { ...ref, exportId });
  return document?.generation ?? 0;
}
