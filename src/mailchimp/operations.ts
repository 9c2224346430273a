import type { BatchOperation, Delivery } from '../ports/mailchimp';
import type { Chunk, UpsertRow } from '../contract/plan';

export type UpsertChunk = Extract<Chunk, { kind: 'upsert' }>;
export type UntagChunk = Extract<Chunk, { kind: 'untag' }>;

/**
 * Body of `POST /lists/{list_id}`, joined from the rows' JSON texts, because parsing and serializing 500 rows would be most of the cost of
 * sending them. It never has `status`, which would overwrite an opt-out, nor `sync_tags`, which would remove the tags of other tools.
 */
export function upsertBody({ statusIfNew }: Delivery, { rows }: UpsertChunk): string {
  const status = JSON.stringify(statusIfNew);
  return `{"members":[${rows.map((row) => member(row, status)).join(',')}],"update_existing":true}`;
}

function member({ email, fields, tags, more }: UpsertRow, status: string): string {
  const further = more === undefined ? '' : `,${more.slice(1, -1)}`;
  return `{"email_address":${JSON.stringify(email)},"status_if_new":${status},"merge_fields":${fields},"tags":${tags}${further}}`;
}

/** Body of `POST /lists/{list_id}/segments/{segment_id}`: removes the tag from members. */
export function untagBody({ emails }: UntagChunk): string {
  return JSON.stringify({ members_to_remove: emails });
}

/** A chunk as one operation of a batch. It may run twice: upserts, appended tags and removals end in the same state. */
export function chunkOperation(delivery: Delivery, chunk: Chunk, operationId: string): BatchOperation {
  const audience = `/lists/${delivery.audienceId}`;
  return chunk.kind === 'upsert'
    ? { method: 'POST', path: audience, operationId, body: upsertBody(delivery, chunk) }
    : { method: 'POST', path: `${audience}/segments/${chunk.tagId}`, operationId, body: untagBody(chunk) };
}
