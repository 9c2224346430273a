import type { ExportOptions } from '../contract/destination';
import type { Approval, Guard, GuardSettings } from '../contract/guard';
import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { ExportPlan, SegmentTag } from '../contract/plan';
import type { PlanRequest } from '../ports/staging';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { findGuards, withoutAllowed } from './rules/guards';
import { withHeartbeat } from './heartbeat';

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
  /** With the ids of tags that were created for it. */
  readonly segments: readonly SegmentTag[];
  /** What the export has to be held for; empty: it may go on. */
  readonly guards: readonly Guard[];
  readonly requests: number;
}

/**
 * Works out what has to be sent and checks it against the guards; creates missing tags, since the plan names tags by their ids.
 * Sends nothing of anybody. A retry finds the tags and returns the sealed plan; contacts are counted anew.
 */
export function createPlanExport({ staging, openAccount }: ActivityDependencies) {
  return async function planExport(input: PlanExportInput): Promise<PlannedExport> {
    const { ref, request, options, missingTags, approved } = input;
    return withHeartbeat(() =>
      duringExport(async () => {
        const account = await openAccount(input.account);
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
      }),
    );
  };
}

/** An id that nobody carries: so the numbers come out as they will when the tag exists. */
function withStandIn(segment: SegmentTag, index: number): SegmentTag {
  return segment.tagId === null ? { ...segment, tagId: -1 - index } : segment;
}

async function createTags(
  account: MailchimpAccount,
  audienceId: string,
  segments: readonly SegmentTag[],
): Promise<SegmentTag[]> {
  const created: SegmentTag[] = [];
  for (const segment of segments) {
    const tagId = segment.tagId ?? (await account.createTag(audienceId, segment.tag)).id;
    created.push({ ...segment, tagId });
  }
  return created;
}
