import type { ExportRef } from '../../contract/identifiers';
import { isProtectedStatus } from '../../contract/outcome';
import type { Chunk, RowResult, UpsertRow } from '../../contract/plan';
import type { Delivery, LeftMember, MailchimpAccount } from '../../ports/mailchimp';
import type { Staging } from '../../ports/staging';

/** Members that were archived or have unsubscribed since the census: `status_if_new` may wake them. */
export interface LeftMembers {
  /** What may be sent of a chunk, and the results of the rows that are withheld. */
  readonly withhold: (chunk: Chunk) => { readonly chunk: Chunk; readonly withheld: readonly RowResult[] };
  /** The chunk with the statuses that are known by now, to see in a reply whether a member was woken. */
  readonly withStatuses: (chunk: Chunk) => Chunk;
}

interface LeftInput {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly ref: ExportRef;
  readonly delivery: Delivery;
}

/** Clocks differ. Who has left before the census is in the census: to read more of them changes nothing. */
const MARGIN_MS = 10 * 60_000;

/** Reads who has left by now, and remembers it: a member that was woken is no longer listed. */
export async function readLeftMembers({
  staging,
  account,
  ref,
  delivery: { audienceId, since, statusIfNew },
}: LeftInput): Promise<LeftMembers> {
  if (since === undefined) return leftMembers([], []);
  const [listed, before] = await Promise.all([
    account.leftSince(audienceId, since - MARGIN_MS),
    staging.readLeft(ref),
  ]);
  // Contacts that this export adds as unsubscribed have not left.
  const left = listed.filter(({ status }) => status !== statusIfNew);
  const known = new Set(before.map(textOf));
  await staging.recordLeft(
    ref,
    left.filter((member) => !known.has(textOf(member))),
  );
  return leftMembers(left, before);
}

const textOf = ({ email, status, changedAt = '' }: LeftMember) => `${status} ${changedAt} ${keyOf(email)}`;
const keyOf = (email: string) => email.trim().toLowerCase();
const byAddress = (members: readonly LeftMember[]) =>
  new Map(members.map((member) => [keyOf(member.email), member]));

/** @param listed who is listed now @param before who was listed earlier in the export */
export function leftMembers(listed: readonly LeftMember[], before: readonly LeftMember[]): LeftMembers {
  const now = byAddress(listed);
  const ever = byAddress([...before, ...listed]);
  return {
    withhold: (chunk) => withhold(chunk, ever),
    withStatuses: (chunk) => {
      if (chunk.kind !== 'upsert' || ever.size === 0) return chunk;
      const rows = chunk.rows.map((row) => {
        // One that is listed still is as it should be, whatever was sent to it before.
        const left = now.has(row.email) ? undefined : ever.get(row.email);
        if (left === undefined || isAsPlanned(row, left)) return row;
        const { isReturning: _, archivedAt: __, ...rest } = row;
        return { ...rest, status: left.status };
      });
      return { ...chunk, rows };
    },
  };
}

/**
 * Whether the plan knew that the member had left. One that we have archived is to come back, but not if it has opted out since, also where others
 * have archived it again.
 */
function isAsPlanned(
  { status, isReturning, archivedAt }: Pick<UpsertRow, 'status' | 'isReturning' | 'archivedAt'>,
  left: LeftMember,
): boolean {
  if (isReturning) return left.status === 'archived' && isUnchanged(left, archivedAt);
  return status !== null && isProtectedStatus(status);
}

/** A plan of version 0.4.0 does not know when it was archived. */
function isUnchanged({ changedAt }: LeftMember, archivedAt: string | undefined): boolean {
  if (archivedAt === undefined) return true;
  return changedAt !== undefined && Date.parse(changedAt) <= Date.parse(archivedAt);
}

/** Only upserts wake members: an untag is sent as it is planned. */
function withhold(chunk: Chunk, left: ReadonlyMap<string, LeftMember>) {
  if (chunk.kind === 'untag' || left.size === 0) return { chunk, withheld: [] };
  const withheld: RowResult[] = [];
  const rows = chunk.rows.filter((row) => {
    const found = left.get(row.email);
    // A member that had left when the plan was made gets what was planned for it.
    if (found === undefined || isAsPlanned(row, found)) return true;
    const name = found.status === 'archived' ? 'archived' : 'opted_out';
    withheld.push({ chunk: chunk.chunk, email: row.email, result: 'suppressed', class: name });
    return false;
  });
  return { chunk: { ...chunk, rows }, withheld };
}
