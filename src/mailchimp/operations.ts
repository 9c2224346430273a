import type { BatchOperation, Delivery } from '../ports/mailchimp';
import type { Chunk, UpsertRow } from '../contract/plan';

export type UpsertChunk = Extract<Chunk, { kind: 'upsert' }>;
export type UntagChunk = Extract<Chunk, { kind: 'untag' }>;

/**
 * Body of `POST /lists/{list_id}`, joined from the rows' JSON texts: parsing and printing 500 rows again would be most of the
 * cost of sending them. Never a `status` (it would overwrite an opt-out) and never `sync_tags` (it would take away the
 * tags of others).
 */
export function upsertBody({ statusIfNew }: Delivery, { rows }: UpsertChunk): string {
  const status = JSON.stringify(statusIfNew);
  return `{"members":[${rows.map((row) => member(row, status)).join(',')}],"update_existing":true}`;
}

function member({ email, fields, tags }: UpsertRow, status: string): string {
  return `{"email_address":${JSON.stringify(email)},"status_if_new":${status},"merge_fields":${fields},"tags":${tags}}`;
}

/** Body of `POST /lists/{list_id}/segments/{segment_id}`: takes the tag off. */
export function untagBody({ emails }: UntagChunk): string {
  return JSON.stringify({ members_to_remove: emails });
}

export function upsertOperation(delivery: Delivery, chunk: UpsertChunk, operationId: string): BatchOperation {
  return {
    method: 'POST',
    path: `/lists/${delivery.audienceId}`,
    operationId,
    body: upsertBody(delivery, chunk),
  };
}

export function untagOperation(delivery: Delivery, chunk: UntagChunk, operationId: string): BatchOperation {
  const path = `/lists/${delivery.audienceId}/segments/${chunk.tagId}`;
  return { method: 'POST', path, operationId, body: untagBody(chunk) };
}

/** A chunk as one operation of a batch. Repeating it is safe: upserts, appended tags and removals end in the same state. */
export function chunkOperation(delivery: Delivery, chunk: Chunk, operationId: string): BatchOperation {
  return chunk.kind === 'upsert'
    ? upsertOperation(delivery, chunk, operationId)
    : untagOperation(delivery, chunk, operationId);
}
