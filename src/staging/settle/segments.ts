import type { ExportRef } from '../../contract/identifiers';
import { plannedCounts } from '../../contract/planned-counts';
import type { SegmentCounts } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { ExportError } from '../../errors';
import { readBaseline, readPlan } from '../store/documents';

/** Of what was acknowledged, or, where nothing was settled, of what was planned. */
export async function readSegments(
  { store }: { readonly store: StagingStore },
  ref: ExportRef,
): Promise<readonly SegmentCounts[]> {
  const settled = await readBaseline(store, ref);
  if (settled) return settled.settlement.segments;
  const planned = await readPlan(store, ref);
  if (planned) return planned.plan.segments.map(plannedCounts);
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    'The staging store has no counts of this export: it planned nothing, or its rows have expired.',
  );
}
