import type { ExportRef } from '../../contract/identifiers';
import { earlierClaims } from '../delivery/claim';
import { mayHaveArrived } from '../delivery/attempts';
import { readBaseline } from '../store/documents';
import { EARLIER_SETTLED, inExport } from '../store/layout';
import { readDocument, sealDocument } from '../store/sealed-files';
import type { StagingStore } from '../../ports/staging-store';
import type { StepContext } from '../store/workspace';
import { settle } from './settle';

/** Sealed when everything before an export is settled, so that later ones look no further back. */
interface EarlierSettled {
  /** Export with the latest baseline at that time. */
  readonly baseline: string | null;
}

/**
 * Settles what was sent after the named baseline and never settled, since destination and export were lost. Otherwise the contacts
 * that it tagged would keep the tag permanently: no baseline has them.
 * @returns the export with the latest baseline: the named one, or a later one
 */
export async function settleEarlier(input: StepContext, baseline: string | null): Promise<string | null> {
  const { store, ref } = input;
  const { unchecked, known } = await claimedSince(store, ref, baseline);
  let latest = { exportId: baseline, generation: await generationOf(store, ref, baseline) };
  for (const exportId of [...known, ...unchecked]) {
    const earlier = { ...ref, exportId };
    if (unchecked.includes(exportId) && (await mayHaveArrived(store, earlier)))
      await settle({ ...input, ref: earlier, by: ref }, null);
    const generation = await generationOf(store, ref, exportId);
    if (generation > latest.generation) latest = { exportId, generation };
  }
  await sealDocument(store, inExport(ref, EARLIER_SETTLED), { baseline: latest.exportId });
  return latest.exportId;
}

interface ClaimedSince {
  /** Exports that have claimed the destination after the named one, and before this one, the first one first. */
  readonly unchecked: readonly string[];
  /** The latest baseline of those before, if an earlier export has looked for it. */
  readonly known: readonly string[];
}

async function claimedSince(
  store: StagingStore,
  ref: ExportRef,
  baseline: string | null,
): Promise<ClaimedSince> {
  const unchecked: string[] = [];
  for await (const exportId of earlierClaims(store, ref)) {
    if (exportId === baseline) break;
    unchecked.unshift(exportId);
    const checked = await readDocument<EarlierSettled>(
      store,
      inExport({ ...ref, exportId }, EARLIER_SETTLED),
    );
    if (checked) return { unchecked, known: checked.baseline === null ? [] : [checked.baseline] };
  }
  return { unchecked, known: [] };
}

/** 0: there is no baseline. */
async function generationOf(store: StagingStore, ref: ExportRef, exportId: string | null): Promise<number> {
  if (exportId === null) return 0;
  const document = await readBaseline(store, { ...ref, exportId });
  return document?.generation ?? 0;
}
