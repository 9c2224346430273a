import { CANARIES_OF_KIND, type PartPlan } from '../../contract/plan';

/** Mailchimp's limit for members in one request, and for addresses in one untag request. */
export const ROWS_OF_CHUNK = 500;
/** A chunk whose step is killed is read again, and who is in the archive by then counts as uncertain. */
export const ROWS_OF_ARCHIVE_CHUNK = 50;
export const ROWS_OF_CANARY = 2 * CANARIES_OF_KIND;
/** Mailchimp names no limit for a batch; these parts are small enough to be sent, watched and, if necessary, sent again. */
const CHUNKS_OF_PART = 50;
export const BYTES_OF_PART = 8_000_000;

/** Around a chunk: method, path, operation id. */
const BYTES_AROUND_CHUNK = 300;

export interface ChunkSize {
  readonly chunk: number;
  readonly kind: PartPlan['kind'];
  readonly rows: number;
  /** Estimate of the chunk's share of a batch's body. */
  readonly bytes: number;
}

/**
 * Packs chunks, in their order, into parts that contain one kind each. The first chunk is the canary and has a part of its own; so has
 * the last one of the upserts, which stands in for a canary that shows nothing. To archive needs no canary: each contact is read first.
 */
export function packParts(chunks: readonly ChunkSize[]): readonly PartPlan[] {
  const parts: PartPlan[] = [];
  let bytes = 0;
  const spare = chunks.findLast(({ kind }) => kind === 'upsert')?.chunk;
  for (const { chunk, kind, rows, bytes: ownBytes } of chunks) {
    const last = parts.at(-1);
    bytes += ownBytes + BYTES_AROUND_CHUNK;
    const fits =
      last?.kind === kind &&
      !last.canary &&
      chunk !== spare &&
      chunk - last.firstChunk < CHUNKS_OF_PART &&
      bytes <= BYTES_OF_PART;
    if (fits) {
      parts[parts.length - 1] = { ...last, lastChunk: chunk, rows: last.rows + rows };
    } else {
      const canary = parts.length === 0 && kind !== 'archive';
      parts.push({ part: parts.length, kind, firstChunk: chunk, lastChunk: chunk, rows, canary });
      bytes = ownBytes + BYTES_AROUND_CHUNK;
    }
  }
  return parts;
}
