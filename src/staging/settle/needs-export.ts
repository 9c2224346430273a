import type { ExportRef } from '../../contract/identifiers';
import { hasOpenWrites } from '../delivery/open-writes';
import { hasLiftedRefusals, type ReadContext } from './refusals';

/** Costs two lists of names, which are nearly always empty. */
export async function needsExport(context: ReadContext, ref: ExportRef): Promise<boolean> {
  // Also of this export: a frozen attempt of it can go on when it has ended.
  return (await hasOpenWrites(context.store, ref)) || hasLiftedRefusals(context, ref);
}
