import type { ExportRef } from '../../contract/identifiers';
import type { Attempt, UnansweredWrite, PartPlan } from '../../contract/plan';
import { listClaims } from './claim';
import { attemptsByPart, readBatch } from './attempts';
import type { PlanDocument } from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import { inExport, PLAN } from '../store/layout';
import { listResults, type Results } from './results';
import { readDocument, sealDocument } from '../store/sealed-files';

const DRAINED = 'drained.json';

/** Parts of earlier exports that were sent and have no complete answer: their requests may still be running. */
export async function unansweredWrites(
  store: StagingStore,
  ref: ExportRef,
): Promise<readonly UnansweredWrite[]> {
  const writes: UnansweredWrite[] = [];
  for (const exportId of await earlierExports(store, ref)) {
    const earlier = { destinationId: ref.destinationId, exportId };
    const plan = await readDocument<PlanDocument>(store, inExport(earlier, PLAN));
    if (!plan) continue;
    const results = await listResults(store, earlier);
    for (const [part, attempts] of await attemptsByPart(store, earlier)) {
      const planned = plan.plan.parts[part];
      if (!planned || isAnswered(planned, attempts, results)) continue;
      const batchId = (await readBatch(store, earlier, part)) ?? null;
      writes.push({ exportId, part: planned, batchId, attempts });
    }
  }
  return writes;
}

/** Everything before this export has ended at Mailchimp: later ones need not look further back. */
export async function recordDrained(store: StagingStore, ref: ExportRef): Promise<void> {
  await sealDocument(store, inExport(ref, DRAINED), {});
}

/** Those that claimed the destination before, back to the last one that had made sure itself. */
async function earlierExports(store: StagingStore, ref: ExportRef): Promise<readonly string[]> {
  const claims = await listClaims(store, ref.destinationId);
  const ours = claims.indexOf(ref.exportId);
  const earlier = (ours < 0 ? claims : claims.slice(0, ours)).toReversed();
  const found: string[] = [];
  for (const exportId of earlier) {
    found.push(exportId);
    if (await readDocument(store, inExport({ ...ref, exportId }, DRAINED))) break;
  }
  return found;
}

/** A batch is answered by its own results only: that its chunks were sent directly too says nothing of it. */
function isAnswered(
  { part, firstChunk, lastChunk }: PartPlan,
  attempts: readonly Attempt[],
  { parts, chunks }: Results,
): boolean {
  if (parts.some((result) => result.part === part)) return true;
  if (attempts.some(({ lane }) => lane === 'batch')) return false;
  const answered = chunks.filter(({ chunk }) => firstChunk <= chunk && chunk <= lastChunk);
  return answered.length === lastChunk - firstChunk + 1;
}
