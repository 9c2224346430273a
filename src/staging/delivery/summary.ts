import type { ExportRef } from '../../contract/identifiers';
import {
  chunkKey,
  partKey,
  type ArchiveChunk,
  type Chunk,
  type ChunkResults,
  type PartPlan,
  type PartSummary,
  type RowResult,
} from '../../contract/plan';
import type { StagingStore } from '../../ports/staging-store';
import { inExport } from '../store/layout';
import { listResults, readResultsByChunk, sealResults } from './results';

interface ChunkCounts {
  readonly rows: number;
  readonly acknowledged: number;
  readonly unproven: number;
  readonly resubscribed: number;
  /** Refused since the account has reached its contact limit: to be sent again when it was raised. */
  readonly limited: number;
}

/** Counts the results of the rows of a chunk. A row without a result is unproven; results of other rows do not count. */
function countChunk(chunk: Chunk | ArchiveChunk, results: readonly RowResult[]): ChunkCounts {
  const emails = chunk.kind === 'upsert' ? chunk.rows.map(({ email }) => email) : chunk.emails;
  const resultOf = new Map(results.map((row) => [row.email, row]));
  const counts = { rows: emails.length, acknowledged: 0, unproven: 0, resubscribed: 0, limited: 0 };
  for (const email of emails) {
    const row = resultOf.get(email);
    if (!row || row.result === 'unproven') counts.unproven += 1;
    else if (row.result === 'acknowledged') counts.acknowledged += 1;
    if (row?.class === 'resubscribed') counts.resubscribed += 1;
    if (row?.class === 'plan_limit') counts.limited += 1;
  }
  return counts;
}

/** Files whose counts are kept, so that they need not be read: those of some exports of a million profiles at once. */
const MAX_COUNTED = 5_000;

type Answers = Iterable<ChunkResults> | AsyncIterable<ChunkResults>;

interface SummaryInput {
  readonly part: PartPlan;
  readonly readChunk: (chunk: number) => Promise<Chunk | ArchiveChunk>;
}

/**
 * Seals results and counts them at the same time: to read them again, with their chunks, would cost as much as everything else. Results
 * that another process has sealed are read.
 */
export class Summaries {
  readonly #store: StagingStore;
  /** Counts by chunk, by the key of the results. */
  readonly #counted = new Map<string, ReadonlyMap<number, ChunkCounts>>();

  constructor(store: StagingStore) {
    this.#store = store;
  }

  async seal(ref: ExportRef, key: string, answers: Answers): Promise<void> {
    const counts = new Map<number, ChunkCounts>();
    const isOurs = await sealResults(this.#store, ref, { key, pages: counting(answers, counts) });
    if (!isOurs) return;
    this.#counted.set(inExport(ref, key), counts);
    for (const oldest of this.#counted.keys()) {
      if (this.#counted.size <= MAX_COUNTED) break;
      this.#counted.delete(oldest);
    }
  }

  /** Counts the results of the rows of a part, and names the chunks that have rows without proof, or over the contact limit. */
  async summarise(
    ref: ExportRef,
    { part: { part, firstChunk, lastChunk }, readChunk }: SummaryInput,
  ): Promise<PartSummary & { readonly troubled: readonly number[] }> {
    const countsOf = await this.#counts(ref, part, readChunk);
    const total = { rows: 0, acknowledged: 0, unproven: 0, resubscribed: 0 };
    const troubled: number[] = [];
    for (let chunk = firstChunk; chunk <= lastChunk; chunk++) {
      const counts = await countsOf(chunk);
      total.rows += counts.rows;
      total.acknowledged += counts.acknowledged;
      total.unproven += counts.unproven;
      total.resubscribed += counts.resubscribed;
      if (counts.unproven + counts.limited > 0) troubled.push(chunk);
    }
    return { part, ...total, refused: total.rows - total.acknowledged - total.unproven, troubled };
  }

  /** For a chunk that was also sent directly, the results of its part do not count. */
  async #counts(
    ref: ExportRef,
    part: number,
    readChunk: SummaryInput['readChunk'],
  ): Promise<(chunk: number) => Promise<ChunkCounts>> {
    const sealed = await listResults(this.#store, ref);
    const direct = new Set(sealed.chunks.map(({ chunk }) => chunk));
    const inPart = sealed.parts.some((result) => result.part === part) ? partKey(part) : undefined;
    const read = new Map<string, Promise<ReadonlyMap<number, readonly RowResult[]>>>();
    const resultsIn = (key: string) => {
      const results = read.get(key) ?? readResultsByChunk(this.#store, ref, key);
      read.set(key, results);
      return results;
    };
    return async (chunk) => {
      const key = direct.has(chunk) ? chunkKey(chunk) : inPart;
      const counts = key === undefined ? undefined : this.#counted.get(inExport(ref, key))?.get(chunk);
      if (counts) return counts;
      const results = key === undefined ? [] : ((await resultsIn(key)).get(chunk) ?? []);
      return countChunk(await readChunk(chunk), results);
    };
  }
}

async function* counting(
  answers: Answers,
  counts: Map<number, ChunkCounts>,
): AsyncGenerator<readonly RowResult[]> {
  const seen = new Set<number>();
  for await (const { chunk, results } of answers) {
    // A chunk that occurs twice in one answer: its results count together, so they are read from the file.
    if (seen.has(chunk.chunk)) counts.delete(chunk.chunk);
    else counts.set(chunk.chunk, countChunk(chunk, results));
    seen.add(chunk.chunk);
    yield results;
  }
}
