import type { Chunk, PartPlan, PartSummary, RowResult } from '../contract/plan';
import { RESUBSCRIBED } from '../contract/tripwire';

interface ChunkCounts {
  readonly rows: number;
  readonly acknowledged: number;
  readonly unproven: number;
  readonly resubscribed: number;
}

/** Counts what was said of the rows of a chunk. A row that nothing was said of is unproven; what was said of others does not count. */
function countChunk(chunk: Chunk, results: readonly RowResult[]): ChunkCounts {
  const emails = chunk.kind === 'upsert' ? chunk.rows.map(({ email }) => email) : chunk.emails;
  const said = new Map(results.map((row) => [row.email, row]));
  const counts = { rows: emails.length, acknowledged: 0, unproven: 0, resubscribed: 0 };
  for (const email of emails) {
    const row = said.get(email);
    if (!row || row.result === 'unproven') counts.unproven += 1;
    else if (row.result === 'acknowledged') counts.acknowledged += 1;
    if (row?.class === RESUBSCRIBED) counts.resubscribed += 1;
  }
  return counts;
}

interface SummaryInput {
  readonly part: PartPlan;
  readonly readChunk: (chunk: number) => Promise<Chunk>;
  /** What was said of a chunk's rows; empty where nothing was. */
  readonly resultsOf: (chunk: number) => readonly RowResult[];
}

/** Counts what was said of the rows of a part, with the chunks that have rows without proof. */
export async function summarise({
  part: { part, firstChunk, lastChunk },
  readChunk,
  resultsOf,
}: SummaryInput): Promise<PartSummary & { readonly troubled: readonly number[] }> {
  const total = { rows: 0, acknowledged: 0, unproven: 0, resubscribed: 0 };
  const troubled: number[] = [];
  for (let chunk = firstChunk; chunk <= lastChunk; chunk++) {
    const counts = countChunk(await readChunk(chunk), resultsOf(chunk));
    total.rows += counts.rows;
    total.acknowledged += counts.acknowledged;
    total.unproven += counts.unproven;
    total.resubscribed += counts.resubscribed;
    if (counts.unproven > 0) troubled.push(chunk);
  }
  return { part, ...total, refused: total.rows - total.acknowledged - total.unproven, troubled };
}
