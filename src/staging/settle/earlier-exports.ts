import type { ExportRef } from '../../contract/identifiers';
import { earlierClaims } from '../delivery/claim';
import { mayHaveArrived } from '../delivery/attempts';
import { ExportError } from '../../errors';
import type { SettledEarlier } from '../../ports/staging';
import { readBaseline } from '../store/documents';
import { EARLIER_SETTLED, inExport } from '../store/layout';
import { readDocument, sealDocument } from '../store/sealed-files';
import type { StagingStore } from '../../ports/staging-store';
import type { StepContext } from '../store/workspace';
import { settle, type Settling } from './settle';

/** Sealed when everything before an export is settled, so that later ones look no further back. */
interface EarlierSettled {
  /** Export with the latest baseline at that time. */
  readonly baseline: string | null;
}

export interface SettlingEarlier extends StepContext {
  /** One whose rows are gone is left unsettled for good. Otherwise it is an error, so that a person can restore the rows. */
  readonly givesUp: boolean;
}

/**
 * Settles what was sent after the named baseline and never settled, since destination and export were lost. Otherwise the contacts
 * that it tagged would keep the tag permanently: no baseline has them.
 * @throws ExportError STAGING_CORRUPT
 */
export async function settleEarlier(
  input: SettlingEarlier,
  baseline: string | null,
): Promise<SettledEarlier> {
  const { store, ref } = input;
  const { unchecked, known } = await claimedSince(store, ref, baseline);
  let latest = { exportId: baseline, generation: await generationOf(store, ref, baseline) };
  let givenUp = 0;
  for (const exportId of [...known, ...unchecked]) {
    const earlier = { ...ref, exportId };
    if (unchecked.includes(exportId) && (await mayHaveArrived(store, earlier)))
      if (!(await settleLost({ ...input, ref: earlier, by: ref }))) givenUp += 1;
    const generation = await generationOf(store, ref, exportId);
    if (generation > latest.generation) latest = { exportId, generation };
  }
  await sealDocument(store, inExport(ref, EARLIER_SETTLED), { baseline: latest.exportId });
  return { baseline: latest.exportId, givenUp };
}

/** @returns whether it is settled; false: its rows are gone, and it is given up */
async function settleLost(input: Settling & SettlingEarlier): Promise<boolean> {
  try {
    return (await settle(input, null)) !== null;
  } catch (error) {
    if (!(error instanceof ExportError) || error.code !== 'STAGING_CORRUPT') throw error;
    if (input.givesUp) return false;
    throw new ExportError(
      'STAGING_CORRUPT',
      `What the export ${input.ref.exportId} has sent is not known: it was lost before it was settled, and its rows in the staging store are no longer complete ` +
        `(${error.message}) Restore the store from a backup; or remove the destination and connect it again, which gives up what its exports knew.`,
    );
  }
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
