import type { ExportRef } from '../contract/identifiers';
import type { MatchedField } from '../contract/merge-field';
import { CENSUS_LISTINGS } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { readListing } from './rules/read-listing';

export interface ReadAudienceInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  /** Those that are compared: only their values are read. */
  readonly fields: readonly MatchedField[];
}

/** Reads all members of the audience with tags and values, page by page into staging. A retry reads the pages that are not sealed. */
export function createReadAudience(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function readAudience(input: ReadAudienceInput): Promise<{ readonly requests: number }> {
    const { ref, audienceId, fields } = input;
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      // As a census does: a member that is archived while the audience is read is then in one of the listings.
      for (const listing of CENSUS_LISTINGS.full)
        await readListing({ staging, account, heartbeat, ref, audienceId, scope: 'full', listing, fields });
      return { requests: account.requests() };
    });
  };
}
