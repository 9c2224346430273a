import type { Delivery, MailchimpAccount } from '../../ports/mailchimp';
import type { Chunk, RowResult, UpsertRow } from '../../contract/plan';
import { isResubscribed } from '../../contract/tripwire';

export interface Lookup {
  /** Looks up the rows that a complete reply did not name, as long as the budget lasts. */
  readonly settle: (chunk: Chunk, results: readonly RowResult[]) => Promise<readonly RowResult[]>;
  readonly used: () => number;
}

/**
 * Proves single rows by reading the member: fields and tags have to be as they were sent, since that somebody is there says nothing.
 * What differs, or nobody has, stays unproven; who had opted out and is reached again trips the wire, as in a reply.
 */
export function createLookup(
  account: MailchimpAccount,
  { delivery, lookups }: { readonly delivery: Delivery; readonly lookups: number },
): Lookup {
  let left = lookups;

  async function prove(row: UpsertRow, result: RowResult): Promise<RowResult> {
    const found = await account.compareMember(delivery.audienceId, { email: row.email, row });
    if (!found) return result;
    const { status, fields, tags } = found;
    const { chunk, email } = result;
    const isProven = fields.length === 0 && tags.length === 0;
    const judged: RowResult = isProven ? { chunk, email, result: 'acknowledged', status } : result;
    return isResubscribed(row, { status, isNew: false, statusIfNew: delivery.statusIfNew })
      ? { ...judged, status, class: 'resubscribed' }
      : judged;
  }

  return {
    used: () => lookups - left,
    settle: async (chunk, results) => {
      if (chunk.kind !== 'upsert') return results;
      const rows = new Map(chunk.rows.map((row) => [row.email, row]));
      const settled: RowResult[] = [];
      for (const result of results) {
        const row = result.class === 'no_answer' ? rows.get(result.email) : undefined;
        if (row && left > 0) {
          left -= 1;
          settled.push(await prove(row, result));
        } else settled.push(result);
      }
      return settled;
    },
  };
}
