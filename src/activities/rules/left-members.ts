import type { ExportRef } from '../../contract/identifiers';
import { isProtectedStatus } from '../../contract/outcome';
import type { Chunk, RowResult } from '../../contract/plan';
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

const textOf = ({ email, status }: LeftMember) => `${status} ${keyOf(email)}`;
const keyOf = (email: string) => email.trim().toLowerCase();
const byAddress = (members: readonly LeftMember[]) =>
  new Map(members.map(({ email, status }) => [keyOf(email), status]));

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
        const status = now.has(row.email) ? undefined : ever.get(row.email);
        return status === undefined || isKnownToHaveLeft(row.status) ? row : { ...row, status };
      });
      return { ...chunk, rows };
    },
  };
}

const isKnownToHaveLeft = (status: string | null) => status !== null && isProtectedStatus(status);

/** Only upserts wake members: an untag is sent as it is planned. */
function withhold(chunk: Chunk, left: ReadonlyMap<string, LeftMember['status']>) {
  if (chunk.kind === 'untag' || left.size === 0) return { chunk, withheld: [] };
  const withheld: RowResult[] = [];
  const rows = chunk.rows.filter(({ email, status }) => {
    const found = left.get(email);
    // A member that had left when the plan was made gets what was planned for it.
    if (found === undefined || isKnownToHaveLeft(status)) return true;
    const name = found === 'archived' ? 'archived' : 'opted_out';
    withheld.push({ chunk: chunk.chunk, email, result: 'suppressed', class: name });
    return false;
  });
  return { chunk: { ...chunk, rows }, withheld };
}
