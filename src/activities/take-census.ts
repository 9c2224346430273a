import type { ExportRef } from '../contract/identifiers';
import { CENSUS_LISTINGS, type CensusScope, type CensusSummary } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { inMemoryTurn } from './rules/memory-turn';
import { readListing } from './rules/read-listing';

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
      const census = await inMemoryTurn(
        ref.exportId,
        () => staging.sealCensus(ref, { scope, baseline }, heartbeat.cancelled),
        heartbeat.cancelled,
      );
      return { ...census, requests: account.requests() };
    });
  };
}
