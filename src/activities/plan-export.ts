import type { ExportOptions } from '../contract/destination';
import type { Approval, Guard, GuardSettings } from '../contract/guard';
import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ExportPlan, SegmentTag } from '../contract/plan';
import type { PlanRequest } from '../ports/staging';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { mapAtOnce } from './map-at-once';
import { findGuards, withoutAllowed } from './rules/guards';

export interface PlanExportInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  readonly request: PlanRequest;
  readonly guards: GuardSettings;
  readonly options: ExportOptions;
  /** `assume`: only the numbers are wanted, so the plan is made as if the tags existed. */
  readonly missingTags: 'create' | 'assume';
  readonly approved?: Approval;
}

export interface PlannedExport {
  readonly plan: ExportPlan;
  /** With the ids of the tags that were created. */
  readonly segments: readonly SegmentTag[];
  /** Guards that hold the export; empty: it may continue. */
  readonly guards: readonly Guard[];
  readonly requests: number;
}

/**
 * Creates missing tags, since the plan names tags by their ids, computes the changes to send, and checks them against the guards. Sends no
 * contact. A retry finds the tags, returns the sealed plan, and counts the account's contacts again.
 * @throws ExportError TAG_TAKEN, SUPERSEDED
 */
export function createPlanExport(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function planExport(input: PlanExportInput): Promise<PlannedExport> {
    const { ref, request, options, missingTags, approved } = input;
    return exportStep(dependencies, input, async ({ openAccount }) => {
      const account = await openAccount();
      await staging.checkClaim(ref);
      const segments =
        missingTags === 'assume'
          ? request.segments.map(withStandIn)
          : await createTags(account, input.audienceId, request.segments);
      const plan = await staging.plan(ref, { ...request, segments });
      const contacts = input.guards.contactLimit === undefined ? null : await account.contacts();
      const found = findGuards({ plan, segments, settings: input.guards, contacts });
      return {
        plan,
        segments: missingTags === 'assume' ? request.segments : segments,
        guards: withoutAllowed(found, { options, approved }),
        requests: account.requests(),
      };
    });
  };
}

/** Gives a tag that does not exist an id that no member carries, so that the counts are those of the export that creates it. */
function withStandIn(segment: SegmentTag, index: number): SegmentTag {
  return segment.tagId === null ? { ...segment, tagId: -1 - index } : segment;
}

async function createTags(
  account: MailchimpAccount,
  audienceId: string,
  segments: readonly SegmentTag[],
): Promise<SegmentTag[]> {
  return mapAtOnce(segments, account.connections(), async (segment) => {
    const tagId = segment.tagId ?? (await account.createTag(audienceId, segment.tag)).id;
    return { ...segment, tagId };
  });
}
