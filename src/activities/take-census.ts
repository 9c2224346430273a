import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import { CENSUS_LISTINGS, type CensusScope, type CensusSummary, type Listing } from '../contract/plan';
import type { Staging } from '../ports/staging';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import type { Pulse } from './heartbeat';

/**
 * Members between the starts of two pages. Less than the 1000 of a page: whoever leaves a listing while it is read moves the others
 * up, and without the overlap somebody would slip between two pages.
 */
const STEP = 950;

/** Pages on their way at once, within the account's budget of connections. */
const PAGES_AT_ONCE = 4;

export interface TakeCensusInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  readonly scope: CensusScope;
  /** Export whose baseline says which tags are ours; null: none are yet. */
  readonly baseline: string | null;
}

/**
 * Reads who is in the audience, or only who has opted out of it, page by page into staging. A retry fetches the pages that are not
 * sealed yet.
 */
export function createTakeCensus(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function takeCensus(
    input: TakeCensusInput,
  ): Promise<CensusSummary & { readonly requests: number }> {
    const { ref, audienceId, scope, baseline } = input;
    return exportStep(dependencies, input, async ({ openAccount, pulse }) => {
      const account = await openAccount();
      // One after the other: somebody who is archived meanwhile has to be in the earlier listing or in the later one.
      for (const listing of CENSUS_LISTINGS[scope]) {
        await readListing({ staging, account, pulse, ref, audienceId, scope, listing });
      }
      return { ...(await staging.sealCensus(ref, scope, baseline)), requests: account.requests() };
    });
  };
}

interface Reading extends Omit<TakeCensusInput, 'account' | 'baseline'> {
  readonly staging: Staging;
  readonly account: MailchimpAccount;
  readonly pulse: Pulse;
  readonly listing: Listing;
}

async function readListing(reading: Reading): Promise<void> {
  const { staging, account, pulse, ref, audienceId, scope, listing } = reading;
  let next = 0;
  let total = Number.POSITIVE_INFINITY;

  /** @returns whether there was a page that had to be fetched */
  async function readNext(): Promise<boolean> {
    while (next < total) {
      pulse.throwIfCancelled();
      const page = { listing, offset: next };
      next += STEP;
      if (await staging.hasCensusPage(ref, page)) continue;
      const { rows, totalItems } = await account.censusPage(audienceId, page, scope);
      total = totalItems;
      await staging.sealCensusPage(ref, page, rows);
      pulse.report({ listing, members: Math.min(next, total), of: total });
      return true;
    }
    return false;
  }

  async function readOn(): Promise<void> {
    try {
      while (await readNext());
    } catch (error) {
      // Nothing more is asked for by the other lanes.
      next = Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  // The first page tells how many there are.
  if (!(await readNext())) return;
  const lanes = await Promise.allSettled(Array.from({ length: PAGES_AT_ONCE }, readOn));
  const failed = lanes.find((lane) => lane.status === 'rejected');
  if (failed) throw failed.reason;
}
