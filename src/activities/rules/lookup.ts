import type { Delivery, MailchimpAccount } from '../../ports/mailchimp';
import type { Chunk, RowResult, UpsertRow } from '../../contract/plan';
import { isResubscribed, wasBefore } from '../../contract/resubscribed';
import { classified } from '../../contract/row-class';

export interface Lookup {
  /** Reads the members of the rows that a complete reply does not name (`no_answer`), until the budget is used up. */
  readonly settle: (chunk: Chunk, results: readonly RowResult[]) => Promise<readonly RowResult[]>;
  /**
   * Reads the members of rows that are withheld, but may have arrived by an earlier attempt. One that is as it was sent has arrived, one that
   * differs stays withheld, and without budget it is unproven.
   */
  readonly settleWithheld: (chunk: Chunk, withheld: readonly RowResult[]) => Promise<readonly RowResult[]>;
  /** Number of members read so far. */
  readonly used: () => number;
}

/**
 * Proves single rows by reading the member: fields and tags have to be as they were sent, because the member may have existed before. A row
 * whose member differs or does not exist stays unproven. A member that was resubscribed gets that class, as in a reply.
 *
 * @param lookups maximum of members to read: each is a request
 */
export function createLookup(
  account: MailchimpAccount,
  { delivery, lookups }: { readonly delivery: Delivery; readonly lookups: number },
): Lookup {
  let left = lookups;

  async function prove(row: UpsertRow, result: RowResult): Promise<RowResult> {
    const found = await account.compareMember(delivery.audienceId, { email: row.email, row });
    if (!found) return result;
    const { status, fields, tags, others } = found;
    const { chunk, email } = result;
    const isProven = fields.length + tags.length + others.length === 0;
    const judged: RowResult = isProven ? { chunk, email, result: 'acknowledged', status } : result;
    return isResubscribed(row, { status, isNew: false, statusIfNew: delivery.statusIfNew })
      ? { ...judged, status, class: 'resubscribed', text: wasBefore(row) }
      : judged;
  }

  async function settle(
    chunk: Chunk,
    results: readonly RowResult[],
    { isOpen, unread }: Open,
  ): Promise<readonly RowResult[]> {
    if (chunk.kind !== 'upsert') return results;
    const rows = new Map(chunk.rows.map((row) => [row.email, row]));
    const settled: RowResult[] = [];
    for (const result of results) {
      const row = isOpen(result) ? rows.get(result.email) : undefined;
      if (!row) settled.push(result);
      else if (left > 0) {
        left -= 1;
        settled.push(await prove(row, result));
      } else settled.push(unread(result));
    }
    return settled;
  }

  return {
    used: () => lookups - left,
    settle: (chunk, results) =>
      settle(chunk, results, { isOpen: (row) => row.class === 'no_answer', unread: (row) => row }),
    settleWithheld: (chunk, withheld) =>
      settle(chunk, withheld, {
        isOpen: () => true,
        unread: ({ chunk, email }) => ({ chunk, email, ...classified('no_answer') }),
      }),
  };
}

interface Open {
  readonly isOpen: (result: RowResult) => boolean;
  /** For a row whose member is not read, since the budget is used up. */
  readonly unread: (result: RowResult) => RowResult;
}
