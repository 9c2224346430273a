import type { ExportRef } from '../../contract/identifiers';
import type { Attempt, UnansweredWrite, PartPlan } from '../../contract/plan';
import { earlierClaims } from './claim';
import { attemptsByPart, readBatch } from './attempts';
import { listOpenWrites } from './open-writes';
import { readPlan } from '../store/documents';
import type { StagingStore } from '../../ports/staging-store';
import { DRAINED, inExport } from '../store/layout';
import { listResults, type Results } from './results';
import { readDocument, sealDocument } from '../store/sealed-files';

/** Parts of earlier exports that were sent and have no complete answer, or may be written late: their requests may still be running. */
export async function unansweredWrites(
  store: StagingStore,
  ref: ExportRef,
): Promise<readonly UnansweredWrite[]> {
  const writes: UnansweredWrite[] = [];
  for (const exportId of await earlierExports(store, ref)) {
    const earlier = { destinationId: ref.destinationId, exportId };
    const plan = await readPlan(store, earlier);
    if (!plan) continue;
    const results = await listResults(store, earlier);
    for (const [part, attempts] of await attemptsByPart(store, earlier)) {
      const planned = plan.plan.parts[part];
      if (!planned || isAnswered(planned, attempts, results)) continue;
      const batchId = (await readBatch(store, earlier, part)) ?? null;
      writes.push({ exportId, part: planned, batchId, attempts });
    }
  }
  return [...writes, ...(await lateWrites(store, ref, writes))];
}

/** Open writes of parts that have their answer from another attempt. Of any export: a process can be frozen for days. */
async function lateWrites(
  store: StagingStore,
  ref: ExportRef,
  unanswered: readonly UnansweredWrite[],
): Promise<readonly UnansweredWrite[]> {
  const writes: UnansweredWrite[] = [];
  for (const { exportId, part, attempt, lane, at, batchId } of await listOpenWrites(store, ref)) {
    const planned = (await readPlan(store, { ...ref, exportId }))?.plan.parts[part];
    const isKnown = unanswered.some((write) => write.exportId === exportId && write.part.part === part);
    if (!planned || (isKnown && batchId === null)) continue;
    const attempts = [{ number: attempt, atMs: Date.parse(at), lane }];
    writes.push({ exportId, part: planned, batchId, attempts });
  }
  return writes;
}

/** All writes of earlier exports have ended at Mailchimp: later exports need not look further back. */
export async function recordDrained(store: StagingStore, ref: ExportRef): Promise<void> {
  await sealDocument(store, inExport(ref, DRAINED), {});
}

/** The exports that claimed the destination before, back to the last one that recorded that everything was drained. */
async function earlierExports(store: StagingStore, ref: ExportRef): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const exportId of earlierClaims(store, ref)) {
    found.push(exportId);
    if (await readDocument(store, inExport({ ...ref, exportId }, DRAINED))) break;
  }
  return found;
}

/** Only its own results answer a batch: results of chunks that were sent directly as well do not show that it has ended. */
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
