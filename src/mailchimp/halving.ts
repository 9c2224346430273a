import { sizeOf, type Chunk, type RowResult } from '../contract/plan';
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
  /** Of these, rows that were alone in their request. */
  acceptedAlone: number;
  refusedAlone: number;
  failedAlone: number;
}

/**
 * Sends a chunk. When Mailchimp refuses it as a whole (400, 413, or a 200 that says so of every row) or answers 500, sends its halves, and so on, until each bad row is alone
 * in its request and gets the class of its refusal. The other rows are accounted for as usual.
 *
 * Rows that a failed request has applied are sent again: upserts, appended tags and removals end in the same state.
 *
 * @throws ExportError MAILCHIMP_REFUSED when every row is refused, MAILCHIMP_UNAVAILABLE when every row fails, PROVIDER_DIFFERS when each row
 *   is accepted alone, and never with others
 */
export async function sendHalving(chunk: Chunk, send: SendWhole): Promise<RowResult[]> {
  const search: Search = { requests: 0, accepted: 0, acceptedAlone: 0, refusedAlone: 0, failedAlone: 0 };
  const single = sizeOf(chunk) === 1;

  async function attempt(piece: Chunk): Promise<RowResult[]> {
    if (search.requests >= MAX_REQUESTS) return sameForAllRows(piece, classified('chunk_refused'));
    search.requests += 1;
    let refusal: Refusal;
    try {
      const results = refuseMalformed(await send(piece));
      search.accepted += 1;
      if (sizeOf(piece) === 1) search.acceptedAlone += 1;
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

  const results = await attempt(chunk);
  // One refusal of a pair, or of three rows, may have been a disturbance.
  if (sizeOf(chunk) > 3 && search.acceptedAlone === sizeOf(chunk)) throw differs(sizeOf(chunk));
  return results;
}

/** A reply of 200 that takes every row for malformed says of the request what a 400 says. */
function refuseMalformed(results: RowResult[]): RowResult[] {
  if (results.length === 0 || results.some((row) => row.class !== 'schema')) return results;
  const text = results[0]?.text ?? '';
  throw new ExportError('MAILCHIMP_REFUSED', `Mailchimp could not validate any row of a request: ${text}`, {
    details: { status: 400, text },
  });
}

function differs(rows: number): ExportError {
  return new ExportError(
    'PROVIDER_DIFFERS',
    `Mailchimp refuses ${rows} contacts in one request and accepts each of them alone: it takes requests in another format than its ` +
      'documentation describes. The export sends nothing more.',
    { details: { rows } },
  );
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

export function sliceOf(chunk: Chunk, from: number, to: number): Chunk {
  return chunk.kind === 'upsert'
    ? { ...chunk, rows: chunk.rows.slice(from, to) }
    : { ...chunk, emails: chunk.emails.slice(from, to) };
}

function halves(chunk: Chunk): readonly [Chunk, Chunk] {
  const middle = Math.ceil(sizeOf(chunk) / 2);
  return [sliceOf(chunk, 0, middle), sliceOf(chunk, middle, sizeOf(chunk))];
}
