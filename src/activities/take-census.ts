import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import { CENSUS_LISTINGS, type CensusScope, type CensusSummary, type Listing } from '../contract/plan';
import type { Staging } from '../ports/staging';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import type { Heartbeat } from './heartbeat';

/**
 * Members between the starts of two pages. Less than the 1,000 of a page: a member that leaves the listing while it is read moves the others
 * up, and without the overlap a member could be skipped between two pages.
 */
const PAGE_STEP = 950;

/** Pages in flight, within the account's connections. */
const PAGES_AT_ONCE = 4;

export interface TakeCensusInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  readonly scope: CensusScope;
  /** Export whose baseline lists the tags of this destination; null: none yet. */
  readonly baseline: string | null;
}

/** Reads the members of the audience, or only the opted-out ones, page by page into staging. A retry reads the pages that are not sealed. */
export function createTakeCensus(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function takeCensus(
    input: TakeCensusInput,
  ): Promise<CensusSummary & { readonly requests: number }> {
    const { ref, audienceId, scope, baseline } = input;
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      // One listing after the other: a member that is archived during the census is then in the earlier or in the later one.
      for (const listing of CENSUS_LISTINGS[scope]) {
        await readListing({ staging, account, heartbeat, ref, audienceId, scope, listing });
      }
      return {
        ...(await staging.sealCensus(ref, { scope, baseline }, heartbeat.cancelled)),
        requests: account.requests(),
      };
    });
  };
}

interface Reading extends Omit<TakeCensusInput, 'account' | 'baseline'> {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly heartbeat: Heartbeat;
  readonly listing: Listing;
}

async function readListing(reading: Reading): Promise<void> {
  const { staging, account, heartbeat, ref, audienceId, scope, listing } = reading;
  let next = 0;
  let total = Number.POSITIVE_INFINITY;

  /** @returns whether a page was read */
  async function readNext(): Promise<boolean> {
    while (next < total) {
      heartbeat.throwIfCancelled();
      const page = { listing, offset: next };
      next += PAGE_STEP;
      if (await staging.hasCensusPage(ref, page)) continue;
      const { rows, totalItems } = await account.censusPage(audienceId, page, scope);
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
