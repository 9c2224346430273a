import { z } from 'zod';
import type { Delivery } from '../ports/mailchimp';
import type { Chunk, RowResult } from '../contract/plan';
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
import { sendHalving } from './halving';
import { untagBody, type UntagChunk, upsertBody, type UpsertChunk } from './operations';
import { subscriberHash } from './subscriber-hash';
import { tagName } from './tags';

/** One chunk as a request of its own, with an answer for every row. May be repeated at any time. */
export async function sendChunk(
  connection: Connection,
  delivery: Delivery,
  chunk: Chunk,
): Promise<readonly RowResult[]> {
  if (chunk.kind === 'untag') return sendUntag(connection, delivery, chunk);
  // Rows that a complete reply does not name leave here as `no_answer`; looking them up singly would come after this line.
  return sendHalving(chunk, (piece) => postUpsert(connection, delivery, piece as UpsertChunk));
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
    results = await sendHalving(chunk, (piece) => postUntag(connection, audienceId, piece as UntagChunk));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    results = sameForAllRows(chunk, classified('untag_refused'));
  }
  if (!results.some(isOpen)) return results;
  const name = await tagName(connection, audienceId, chunk.tagId);
  // The tag is gone, so nobody carries it.
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
    what: 'take a tag off members',
    method: 'POST',
    route: '/lists/{list_id}/segments/{segment_id}',
    params: { list_id: audienceId, segment_id: chunk.tagId },
    body: untagBody(chunk),
    reply: UntagReplySchema,
  });
  return accountUntag(chunk, reply);
}

/** The way for one address that the tag's own endpoint would not take off. */
async function untagMember(
  connection: Connection,
  { audienceId, name }: { readonly audienceId: string; readonly name: string },
  row: RowResult,
): Promise<RowResult> {
  try {
    await connection.send({
      what: 'take a tag off a member',
      method: 'POST',
      route: '/lists/{list_id}/members/{subscriber_hash}/tags',
      params: { list_id: audienceId, subscriber_hash: subscriberHash(row.email) },
      body: JSON.stringify({ tags: [{ name, status: 'inactive' }] }),
      reply: z.null(),
    });
    return acknowledged(row);
  } catch (error) {
    // Who is not in the audience does not carry its tags.
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
