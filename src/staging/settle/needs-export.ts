import type { ExportRef } from '../../contract/identifiers';
import { hasOpenWrites } from '../delivery/open-writes';
import { areSuppressionsChanged } from '../plan/suppressed';
import { readBaseline } from '../store/documents';
import { hasRepairs } from '../verify/repairs';
import { hasLiftedRefusals, type ReadContext } from './refusals';

/** Costs a document and five lists of names, which are nearly always empty. */
export async function needsExport(context: ReadContext, ref: ExportRef): Promise<boolean> {
  const { store } = context;
  const baseline = await readBaseline(store, ref);
  // The export will say that the store was changed.
  if (!baseline) return true;
  if (await areSuppressionsChanged(store, ref.destinationId, baseline.suppressions)) return true;
  if (await hasRepairs(store, ref)) return true;
  // Also of this export: a frozen attempt of it can go on when it has ended.
  return (await hasOpenWrites(store, ref)) || hasLiftedRefusals(context, ref);
}
