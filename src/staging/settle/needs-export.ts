import type { ExportRef } from '../../contract/identifiers';
import { hasOpenWrites } from '../delivery/open-writes';
import { readBaseline } from '../store/documents';
import { hasLiftedRefusals, type ReadContext } from './refusals';

/** Costs a document and two lists of names, which are nearly always empty. */
export async function needsExport(context: ReadContext, ref: ExportRef): Promise<boolean> {
  const { store } = context;
  // The export will say that the store was changed.
  if (!(await readBaseline(store, ref))) return true;
  // Also of this export: a frozen attempt of it can go on when it has ended.
  return (await hasOpenWrites(store, ref)) || hasLiftedRefusals(context, ref);
}
