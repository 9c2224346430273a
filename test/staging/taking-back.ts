import type { CensusRow } from '../../src/contract/plan';
import { acknowledgeNew, deliver, type Exported, type Respond, type Stage } from './stage';

export interface TakenBack {
  /** The export with the baseline of now. Default: the one that is taken back. */
  readonly after?: Exported;
  readonly audience?: readonly CensusRow[];
  readonly respond?: Respond;
}

/** Takes an export back, as the steps of an undo do. */
export async function takeBack(
  stage: Stage,
  undone: Exported,
  { after = undone, audience = [], respond = acknowledgeNew }: TakenBack = {},
): Promise<Exported> {
  const ref = stage.newExport();
  const { exportId } = undone.ref;
  const baseline = after.ref.exportId;
  await stage.staging.claim(ref);
  await stage.staging.recordDrained(ref);
  const request = { exportId, number: 1, baseline };
  const { fields, segments } = await stage.staging.readRestored(ref, request);
  await stage.census(ref, 'optOuts', { audience, baseline });
  await stage.staging.sealRestored(ref, request);
  const plan = await stage.plan(ref, { fields, segments, baseline, leavers: 'archive', undo: { exportId } });
  const chunks = await stage.chunks(ref, plan);
  await deliver(stage, ref, { plan, respond });
  const settlement = await stage.staging.settle(ref, { requests: 1, batches: 1, lanes: null });
  if (!settlement) throw new Error('nothing was planned');
  return { ref, plan, chunks, settlement };
}
