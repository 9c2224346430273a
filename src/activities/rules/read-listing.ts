import type { ExportRef } from '../../contract/identifiers';
import type { MatchedField } from '../../contract/merge-field';
import type { CensusScope, Listing } from '../../contract/plan';
import type { MailchimpAccount } from '../../ports/mailchimp';
import type { Staging } from '../../ports/staging';
import type { Heartbeat } from '../heartbeat';

/**
 * Members between the starts of two pages. Less than the 1,000 of a page: a member that leaves the listing while it is read moves the others
 * up, and without the overlap a member could be skipped between two pages.
 */
const PAGE_STEP = 950;

/** Pages in flight, within the account's connections. */
const PAGES_AT_ONCE = 4;

interface Reading {
  readonly ref: ExportRef;
  readonly audienceId: string;
  readonly scope: CensusScope;
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly heartbeat: Heartbeat;
  readonly listing: Listing;
  /** With their values of these. */
  readonly fields?: readonly MatchedField[];
}

/** Reads a listing of the audience page by page into staging, except the pages that are sealed already. */
export async function readListing(reading: Reading): Promise<void> {
  const { staging, account, heartbeat, ref, audienceId, scope, listing, fields } = reading;
  let next = 0;
  let total = Number.POSITIVE_INFINITY;

  /** @returns whether a page was read */
  async function readNext(): Promise<boolean> {
    while (next < total) {
      heartbeat.throwIfCancelled();
      const page = { listing, offset: next };
      next += PAGE_STEP;
      if (await staging.hasCensusPage(ref, page)) continue;
      const { rows, totalItems } = await account.censusPage(
        audienceId,
        fields ? { ...page, fields } : page,
        scope,
      );
      total = totalItems;
      await staging.sealCensusPage(ref, page, rows);
      heartbeat.report({ listing, members: Math.min(next, total), of: total });
      return true;
    }
    return false;
  }

  async function readPages(): Promise<void> {
    try {
      while (await readNext());
    } catch (error) {
      // Stops the other readers.
      next = Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  // The first page returns the total.
  if (!(await readNext())) return;
  const readers = await Promise.allSettled(Array.from({ length: PAGES_AT_ONCE }, readPages));
  const failed = readers.find((reader) => reader.status === 'rejected');
  if (failed) throw failed.reason;
}
