import { z } from 'zod';
import type { Chunk, RowResult } from '../contract/plan';
import { classified } from '../contract/row-class';
import { isResubscribed, wasBefore } from '../contract/resubscribed';
import { changedAt } from './changed-at';
import { classifyRowError } from './classify';
import type { UntagChunk, UpsertChunk } from './operations';
import { addressKey, subscriberHash } from './subscriber-hash';
import { withoutAddress } from './without-address';

// Lenient inside a row: one malformed member must not hide the results of the other 499. It then matches no row.
const EchoSchema = z.object({
  id: z.string().optional().catch(undefined),
  email_address: z.string().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
  last_changed: z.string().optional().catch(undefined),
});
type Echo = z.infer<typeof EchoSchema>;

const RowErrorSchema = z.object({
  email_address: z.string().catch(''),
  error: z.string().catch(''),
  error_code: z.string().catch(''),
  field: z.string().catch(''),
  field_message: z.string().catch(''),
});
type RowError = z.infer<typeof RowErrorSchema>;

/** Reply of `POST /lists/{list_id}`. Its status is 200 even when every row failed. */
export const UpsertReplySchema = z.object({
  new_members: z.array(EchoSchema),
  updated_members: z.array(EchoSchema),
  errors: z.array(RowErrorSchema),
});
export type UpsertReply = z.infer<typeof UpsertReplySchema>;

/** Reply of `POST /lists/{list_id}/segments/{segment_id}`. */
export const UntagReplySchema = z.object({
  members_removed: z.array(EchoSchema),
  errors: z
    .array(z.object({ email_addresses: z.array(z.string()).catch([]), error: z.string().catch('') }))
    .default([]),
});
export type UntagReply = z.infer<typeof UntagReplySchema>;

export interface ChunkReply {
  readonly status: number;
  /** JSON text of the reply's body. */
  readonly response: string;
}

/**
 * Accounts for a reply: returns exactly one result for each row of the chunk, in the chunk's order. Never throws.
 *
 * `unproven` rows are settled by sending the chunk again directly. Their classes: `no_answer` (the reply does not name the row),
 * `chunk_refused` (a status below 500), `chunk_failed` (500 or above), `unreadable` (not the JSON that was expected), `untag_refused` (the
 * tag could not be removed from the member).
 *
 * @param statusIfNew status that the request asked for new contacts
 */
export function accountFor(chunk: Chunk, { status, response }: ChunkReply, statusIfNew: string): RowResult[] {
  if (status < 200 || status > 299) {
    const text = problemText(response);
    return sameForAllRows(chunk, {
      ...classified(status >= 500 ? 'chunk_failed' : 'chunk_refused'),
      ...(text !== '' && { text }),
    });
  }
  const body = parseJson(response);
  if (chunk.kind === 'upsert') {
    const reply = UpsertReplySchema.safeParse(body);
    if (reply.success) return accountUpsert(chunk, reply.data, statusIfNew);
  } else {
    const reply = UntagReplySchema.safeParse(body);
    if (reply.success) return accountUntag(chunk, reply.data);
  }
  return sameForAllRows(chunk, classified('unreadable'));
}

export function accountUpsert(
  { chunk, rows }: UpsertChunk,
  reply: UpsertReply,
  statusIfNew: string,
): RowResult[] {
  const emails = rows.map(({ email }) => email);
  const sent = new Map(rows.map((row) => [addressKey(row.email), row]));
  const found = new Map<string, Omit<RowResult, 'chunk' | 'email'>>();
  const index = new RowIndex(emails);
  const take = (members: readonly Echo[], isNew: boolean): void => {
    for (const { status, last_changed: changed, ...member } of members) {
      const key = index.find(member);
      const row = key === undefined ? undefined : sent.get(key);
      if (key === undefined || !row) continue;
      const wasResubscribed = status !== undefined && isResubscribed(row, { status, isNew, statusIfNew });
      found.set(key, {
        result: 'acknowledged',
        ...(status !== undefined && { status }),
        ...(isNew && { isNew }),
        ...(status === 'archived' && changeOf(changed)),
        ...(wasResubscribed && { ...classified('resubscribed'), text: wasBefore(row) }),
      });
    }
  };
  take(reply.new_members, true);
  take(reply.updated_members, false);
  // After the acknowledgements: a row that is acknowledged and has an error was not applied as it was sent.
  for (const error of reply.errors) {
    const key = index.find({ email_address: error.email_address }) ?? index.findIn(error.error);
    if (key !== undefined && found.get(key)?.text === undefined) found.set(key, refused(error, key));
  }
  return emails.map((email) => ({
    chunk,
    email,
    ...(found.get(addressKey(email)) ?? classified('no_answer')),
  }));
}

function changeOf(changed: string | undefined): Pick<RowResult, 'changedAt'> {
  const at = changedAt(changed);
  return at === undefined ? {} : { changedAt: at };
}

/** A row that is in no list of the reply is acknowledged: the member did not carry the tag. */
export function accountUntag({ chunk, emails }: UntagChunk, reply: UntagReply): RowResult[] {
  const index = new RowIndex(emails);
  const refusals = new Map<string, string>();
  for (const { email_addresses: addresses, error } of reply.errors) {
    for (const address of addresses) {
      const key = index.find({ email_address: address });
      if (key !== undefined) refusals.set(key, withoutAddress(error, key));
    }
  }
  return emails.map((email) => {
    const text = refusals.get(addressKey(email));
    if (text === undefined) return { chunk, email, result: 'acknowledged' };
    return { chunk, email, ...classified('untag_refused'), text };
  });
}

/** Gives every row of a chunk the same result. */
export function sameForAllRows(chunk: Chunk, result: Omit<RowResult, 'chunk' | 'email'>): RowResult[] {
  const emails = chunk.kind === 'upsert' ? chunk.rows.map(({ email }) => email) : chunk.emails;
  return emails.map((email) => ({ chunk: chunk.chunk, email, ...result }));
}

function refused(error: RowError, address: string): Omit<RowResult, 'chunk' | 'email'> {
  const field = error.field_message && `${error.field}: ${error.field_message}`;
  const text = [error.error, field].filter((part) => part !== '').join(' ');
  return { ...classifyRowError(text, error.error_code), text: withoutAddress(text, address) };
}

const WRAPPED = /^\s*(\\?["'])(.*)\1\s*$/s;
/** Far more characters than an address in quotes has. Removing the quotes of a longer text would take time quadratic in its length. */
const MAX_ECHO = 1_000;
const PUNCTUATION = /^[("']+|[)"',.;:]+$/g;

/** Finds the row of a chunk for an address in a reply, which may differ in case, blanks and quotes, or for a member's id. */
class RowIndex {
  readonly #keys: Set<string>;
  // Created only when an address was not found: hashing 500 addresses costs more than the rest of the accounting.
  #byHash: Map<string, string> | undefined;

  constructor(emails: readonly string[]) {
    this.#keys = new Set(emails.map(addressKey));
  }

  find({ email_address: address = '', id }: Pick<Echo, 'email_address' | 'id'>): string | undefined {
    // One pair of quotes at a time: quotes may be part of the address.
    const first = address.length > MAX_ECHO ? undefined : address;
    for (let echo = first; echo !== undefined; echo = WRAPPED.exec(echo)?.[2]) {
      const key = addressKey(echo);
      if (this.#keys.has(key)) return key;
    }
    if (id === undefined) return undefined;
    this.#byHash ??= new Map(Array.from(this.#keys, (known) => [subscriberHash(known), known]));
    return this.#byHash.get(id.toLowerCase());
  }

  /** Mailchimp reports some errors with an empty address, and the address in the text (seen in replies). */
  findIn(text: string): string | undefined {
    for (const word of text.split(/\s+/)) {
      if (!word.includes('@')) continue;
      const key = this.find({ email_address: word.replaceAll(PUNCTUATION, '') });
      if (key !== undefined) return key;
    }
    return undefined;
  }
}

function problemText(response: string): string {
  const problem = z
    .object({ title: z.string().catch(''), detail: z.string().catch('') })
    .safeParse(parseJson(response));
  if (!problem.success) return '';
  return withoutAddress(`${problem.data.title} ${problem.data.detail}`.trim());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
