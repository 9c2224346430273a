import type { ExportRef } from '../contract/identifiers';
import type { MatchedField } from '../contract/merge-field';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { readSuspects } from './rules/read-suspects';
import type { VerifiedAudience } from './verify-audience';

export interface VerifySampleInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  /** So many contacts. */
  readonly sample: number;
  readonly fields: readonly MatchedField[];
  /** Ids of the tags of the segments. */
  readonly tagIds: readonly number[];
}

/**
 * Reads some contacts of the baseline that the export has just sealed, chosen at random, and compares them with what was sent. A retry reads the same
 * contacts, and gives the same answer once it is sealed.
 */
export function createVerifySample(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function verifySample(input: VerifySampleInput): Promise<VerifiedAudience> {
    const { ref, account: name, audienceId, sample, fields, tagIds: ours } = input;
    // Without `ref`: the export is settled, so it may no longer write, and this step only reads.
    return exportStep(dependencies, { account: name }, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      const request = { baseline: ref.exportId, fields, ours, tags: await account.tags(audienceId) };
      const { suspects } = await staging.chooseSample(ref, { ...request, sample }, heartbeat.cancelled);
      await readSuspects({ staging, account, heartbeat, ref, audienceId }, suspects);
      const sealed = { ...request, repair: false, isSample: true } as const;
      const verification = await staging.sealDrift(ref, sealed, heartbeat.cancelled);
      return { verification, requests: account.requests() };
    });
  };
}
