import type { Chunk, RowResult } from '../contract/plan';
import { ExportError } from '../errors';
import { classified } from '../contract/row-class';
import { sameForAllRows } from './accounting';
import { classifyRowError } from './classify';

/** Sends a chunk, or a part of one, as one request, and accounts for its rows. */
export type SendWhole = (chunk: Chunk) => Promise<RowResult[]>;

/** Enough to find about a dozen bad rows among 500, each of which takes two requests a level. With more of them, no row is the cause. */
const MAX_REQUESTS = 200;
/** After so many rows were refused alone and no row was accepted, the format of the requests is the cause, not the rows. */
const REFUSED_ALONE = 20;
/** After so many rows got a 500 alone and no row was accepted, Mailchimp is failing, not the rows. */
const FAILED_ALONE = 2;

interface Search {
  requests: number;
  accepted: number;
  refusedAlone: number;
  failedAlone: number;
}

/**
 * Sends a chunk. When Mailchimp refuses it as a whole (400, 413) or answers 500, sends its halves, and so on, until each bad row is alone
 * in its request and gets the class of its refusal. The other rows are accounted for as usual.
 *
 * Rows that a failed request has applied are sent again: upserts, appended tags and removals end in the same state.
 *
 * @throws ExportError MAILCHIMP_REFUSED when every row is refused, MAILCHIMP_UNAVAILABLE when every row fails
 */
export async function sendHalving(chunk: Chunk, send: SendWhole): Promise<RowResult[]> {
  const search: Search = { requests: 0, accepted: 0, refusedAlone: 0, failedAlone: 0 };
  const single = sizeOf(chunk) === 1;

  async function attempt(piece: Chunk): Promise<RowResult[]> {
    if (search.requests >= MAX_REQUESTS) return sameForAllRows(piece, classified('chunk_refused'));
    search.requests += 1;
    let refusal: Refusal;
    try {
      const results = await send(piece);
      search.accepted += 1;
      return results;
    } catch (error) {
      refusal = asRefusal(error);
    }
    if (sizeOf(piece) === 1) return alone(piece, refusal);
    const [first, second] = halves(piece);
    return [...(await attempt(first)), ...(await attempt(second))];
  }

  function alone(piece: Chunk, { status, text, error }: Refusal): RowResult[] {
    if (status === 500) {
      search.failedAlone += 1;
      // With no other row to compare with, a failure of Mailchimp looks the same as a bad row.
      if (single) return sameForAllRows(piece, classified('chunk_failed'));
      if (search.accepted === 0 && search.failedAlone >= FAILED_ALONE) throw error;
      return sameForAllRows(piece, classified('server_error'));
    }
    search.refusedAlone += 1;
    if (search.accepted === 0 && search.refusedAlone >= REFUSED_ALONE) throw error;
    return sameForAllRows(piece, { ...classifyRowError(text), text });
  }

  return attempt(chunk);
}

interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly error: ExportError;
}

/** Statuses that one row can cause for its whole chunk. All other errors are thrown. */
const CAUSED_BY_A_ROW: readonly unknown[] = [400, 413, 500];

function asRefusal(error: unknown): Refusal {
  if (!(error instanceof ExportError)) throw error;
  const { status, text = '' } = error.details;
  if (!CAUSED_BY_A_ROW.includes(status) || error.code === 'PLAN_LIMIT') throw error;
  return { status: Number(status), text: String(text), error };
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
