import type { Chunk, RowResult } from '../contract/plan';
import { ExportError } from '../errors';
import { allUnproven } from './accounting';
import { classifyRowError } from './classify';

/** Sends a chunk, or a part of one, as one request, and accounts for its rows. */
export type SendWhole = (chunk: Chunk) => Promise<RowResult[]>;

/** Finds about a dozen poisonous rows among 500 (each takes two requests a level); a chunk with more of them is not a row's fault. */
const MAX_REQUESTS = 200;
/** So many rows refused alone, and not one accepted: then it is the form of our requests that Mailchimp does not take. */
const REFUSED_ALONE = 20;
/** A row alone that is answered 500, twice, while nothing of the chunk was accepted: then Mailchimp itself is ill. */
const FAILED_ALONE = 2;

interface Search {
  requests: number;
  accepted: number;
  refusedAlone: number;
  failedAlone: number;
}

/**
 * Sends a chunk; when Mailchimp refuses it as a whole (400, 413) or fails over it (500), sends its halves, and so on, until
 * the poisonous rows stand alone. They are `rejected`; the others are accounted for as usual.
 *
 * Upserts, appended tags and removals may be repeated, so it does not matter what a failed request had applied.
 *
 * @throws ExportError MAILCHIMP_REFUSED when every row is refused, MAILCHIMP_UNAVAILABLE when every row fails
 */
export async function sendHalving(chunk: Chunk, send: SendWhole): Promise<RowResult[]> {
  const search: Search = { requests: 0, accepted: 0, refusedAlone: 0, failedAlone: 0 };
  const single = sizeOf(chunk) === 1;

  async function attempt(piece: Chunk): Promise<RowResult[]> {
    if (search.requests >= MAX_REQUESTS) return allUnproven(piece, { class: 'chunk_refused' });
    search.requests += 1;
    let poison: Poison;
    try {
      const results = await send(piece);
      search.accepted += 1;
      return results;
    } catch (error) {
      poison = asPoison(error);
    }
    if (sizeOf(piece) === 1) return alone(piece, poison);
    const [first, second] = halves(piece);
    return [...(await attempt(first)), ...(await attempt(second))];
  }

  function alone(piece: Chunk, { status, text, error }: Poison): RowResult[] {
    if (status === 500) {
      search.failedAlone += 1;
      // One row, and nothing to compare it with: an illness of Mailchimp's cannot be told from a poisonous row.
      if (single) return allUnproven(piece, { class: 'server_error' });
      if (search.accepted === 0 && search.failedAlone >= FAILED_ALONE) throw error;
      return refusedAlone(piece, { result: 'rejected', class: 'server_error' });
    }
    search.refusedAlone += 1;
    if (search.accepted === 0 && search.refusedAlone >= REFUSED_ALONE) throw error;
    return refusedAlone(piece, { ...classifyRowError(text), text });
  }

  return attempt(chunk);
}

interface Poison {
  readonly status: number;
  readonly text: string;
  readonly error: ExportError;
}

/** Statuses that one row can bring upon its whole chunk. Everything else is thrown on. */
const POISONOUS: readonly unknown[] = [400, 413, 500];

function asPoison(error: unknown): Poison {
  if (!(error instanceof ExportError)) throw error;
  const { status, text = '' } = error.details;
  if (!POISONOUS.includes(status) || error.code === 'PLAN_LIMIT') throw error;
  return { status: Number(status), text: String(text), error };
}

function refusedAlone(piece: Chunk, why: Pick<RowResult, 'result' | 'class' | 'text'>): RowResult[] {
  return allUnproven(piece, { class: 'refused' }).map(({ chunk, email }) => ({ chunk, email, ...why }));
}

function sizeOf(chunk: Chunk): number {
  return chunk.kind === 'upsert' ? chunk.rows.length : chunk.emails.length;
}

function halves(chunk: Chunk): readonly [Chunk, Chunk] {
  const middle = Math.ceil(sizeOf(chunk) / 2);
  if (chunk.kind === 'upsert') {
    return [
      { ...chunk, rows: chunk.rows.slice(0, middle) },
      { ...chunk, rows: chunk.rows.slice(middle) },
    ];
  }
  return [
    { ...chunk, emails: chunk.emails.slice(0, middle) },
    { ...chunk, emails: chunk.emails.slice(middle) },
  ];
}
