import type { Verification } from '../contract/drift';
import type { ExportRef } from '../contract/identifiers';
import type { MatchedField } from '../contract/merge-field';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { readSuspects } from './rules/read-suspects';

export interface VerifyAudienceInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  /** Export with the baseline. */
  readonly baseline: string;
  readonly fields: readonly MatchedField[];
  /** Ids of the tags of the configured segments. */
  readonly tagIds: readonly number[];
  /** The next export sends again what is ours. */
  readonly repair: boolean;
}

export interface VerifiedAudience {
  readonly verification: Verification;
  readonly requests: number;
}

/**
 * Suspects that are read alone, each by one request: at ten connections, some minutes. Where more seem to differ, something has happened to the
 * audience as a whole, which these many show as well.
 */
const MOST_READ = 50_000;

/**
 * Compares the audience, as it was read, with the baseline; reads each contact that seems to differ once more, alone, since pages are no
 * snapshot; and seals those that do differ. A retry goes on with the suspects that were not read yet.
 */
export function createVerifyAudience(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function verifyAudience(input: VerifyAudienceInput): Promise<VerifiedAudience> {
    const { ref, audienceId, baseline, fields, repair, tagIds: ours } = input;
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      const request = { baseline, fields, ours, tags: await account.tags(audienceId) };
      const { suspects } = await staging.findSuspects(ref, request, heartbeat.cancelled);
      await readSuspects({ staging, account, heartbeat, ref, audienceId }, Math.min(suspects, MOST_READ));
      const verification = await staging.sealDrift(ref, { ...request, repair }, heartbeat.cancelled);
      return { verification, requests: account.requests() };
    });
  };
}
