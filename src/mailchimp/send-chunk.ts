import { z } from 'zod';
import type { Delivery } from '../ports/mailchimp';
import { sizeOf, type Chunk, type RowResult } from '../contract/plan';
import { ExportError } from '../errors';
import { classified } from '../contract/row-class';
import {
  accountUntag,
  accountUpsert,
  sameForAllRows,
  UntagReplySchema,
  UpsertReplySchema,
} from './accounting';
import { classifyRowError } from './classify';
import type { Connection } from './connection';
import { sendHalving, sliceOf, type SendWhole } from './halving';
import { untagBody, type UntagChunk, upsertBody, type UpsertChunk } from './operations';
import { withSize } from './request-size';
import { subscriberHash } from './subscriber-hash';
import { tagName } from './tags';

/** Sends one chunk directly and returns a result for every row. May be repeated: rows that were applied end in the same state. */
export async function sendChunk(
  connection: Connection,
  delivery: Delivery,
  chunk: Chunk,
): Promise<readonly RowResult[]> {
  if (chunk.kind === 'untag') return sendUntag(connection, delivery, chunk);
  return sendInPieces(connection, chunk, (piece) => postUpsert(connection, delivery, piece as UpsertChunk));
}

/** In pieces, while a whole chunk takes Mailchimp too long. */
async function sendInPieces(
  { sizes }: Connection,
  chunk: Chunk,
  send: SendWhole,
): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (let from = 0; from < sizeOf(chunk);) {
    const piece = sliceOf(chunk, from, from + sizes.chunk.current());
    results.push(
      ...(await sendHalving(piece, (part) => withSize(sizes.chunk, sizeOf(part), () => send(part)))),
    );
    from += sizeOf(piece);
  }
  return results;
}

async function postUpsert(
  connection: Connection,
  delivery: Delivery,
  chunk: UpsertChunk,
): Promise<RowResult[]> {
  const reply = await connection.send({
    what: 'add or update members',
    method: 'POST',
    route: '/lists/{list_id}',
    params: { list_id: delivery.audienceId },
    body: upsertBody(delivery, chunk),
    reply: UpsertReplySchema,
  });
  return accountUpsert(chunk, reply, delivery.statusIfNew);
}

async function sendUntag(
  connection: Connection,
  { audienceId }: Delivery,
  chunk: UntagChunk,
): Promise<readonly RowResult[]> {
  let results: readonly RowResult[];
  try {
    results = await sendInPieces(connection, chunk, (piece) =>
      postUntag(connection, audienceId, piece as UntagChunk),
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
    results = sameForAllRows(chunk, classified('untag_refused'));
  }
  if (!results.some(isOpen)) return results;
  const name = await tagName(connection, audienceId, chunk.tagId);
  // The tag was deleted, so no member carries it.
  if (name === undefined) return results.map((row) => (isOpen(row) ? acknowledged(row) : row));
  const settled: RowResult[] = [];
  for (const row of results) {
    settled.push(isOpen(row) ? await untagMember(connection, { audienceId, name }, row) : row);
  }
  return settled;
}

async function postUntag(
  connection: Connection,
  audienceId: string,
  chunk: UntagChunk,
): Promise<RowResult[]> {
  const reply = await connection.send({
    what: 'remove a tag from members',
    method: 'POST',
    route: '/lists/{list_id}/segments/{segment_id}',
    params: { list_id: audienceId, segment_id: chunk.tagId },
    body: untagBody(chunk),
    reply: UntagReplySchema,
  });
  return accountUntag(chunk, reply);
}

/** Removes the tag by the member's own tags, for a member that the tag's endpoint refused. */
async function untagMember(
  connection: Connection,
  { audienceId, name }: { readonly audienceId: string; readonly name: string },
  row: RowResult,
): Promise<RowResult> {
  try {
    await connection.send({
      what: 'remove a tag from a member',
      method: 'POST',
      route: '/lists/{list_id}/members/{subscriber_hash}/tags',
      params: { list_id: audienceId, subscriber_hash: subscriberHash(row.email) },
      body: JSON.stringify({ tags: [{ name, status: 'inactive' }] }),
      reply: z.null(),
    });
    return acknowledged(row);
  } catch (error) {
    // An address that is not in the audience carries no tags.
    if (isNotFound(error)) return acknowledged(row);
    if (!(error instanceof ExportError) || error.details['status'] !== 400) throw error;
    const text = String(error.details['text'] ?? '');
    return { chunk: row.chunk, email: row.email, ...classifyRowError(text), text };
  }
}

function isOpen({ result }: RowResult): boolean {
  return result !== 'acknowledged';
}

function isNotFound(error: unknown): boolean {
  return error instanceof ExportError && error.details['status'] === 404;
}

function acknowledged({ chunk, email }: RowResult): RowResult {
  return { chunk, email, result: 'acknowledged' };
}
