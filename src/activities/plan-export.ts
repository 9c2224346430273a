import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../contract/mailchimp';
import type { ExportPlan, SegmentTag } from '../contract/plan';
import type { PlanRequest } from '../contract/staging';
import { ExportError } from '../errors';
import type { ActivityDependencies } from './dependencies';
import { duringExport } from './during-export';
import { withHeartbeat } from './heartbeat';

/** Share of the people we hold that may lose a tag before an export asks. */
const MASS_REMOVAL_SHARE = 0.2;

/** Below this many people a share says nothing: one of three leaving is no mass removal. */
const MASS_REMOVAL_LEAST = 20;

export interface PlanExportInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  readonly request: PlanRequest;
  readonly allowMassRemoval: boolean;
  /** Only the numbers are wanted: no tag is created. */
  readonly planOnly: boolean;
}

export interface PlannedExport {
  readonly plan: ExportPlan;
  /** With the ids of tags that were created for it. */
  readonly segments: readonly SegmentTag[];
  readonly requests: number;
}

/**
 * Works out what has to be sent and checks it against the guards; creates missing tags, since the plan names tags by their ids.
 * Sends nothing of anybody. A retry finds the tags and returns the sealed plan.
 */
export function createPlanExport({ staging, openAccount }: ActivityDependencies) {
  return async function planExport(input: PlanExportInput): Promise<PlannedExport> {
    const { ref, request, allowMassRemoval, planOnly } = input;
    return withHeartbeat(() =>
      duringExport(async () => {
        const account = await openAccount(input.account);
        await staging.checkClaim(ref);
        const segments = planOnly
          ? request.segments.map(withStandIn)
          : await createTags(account, input.audienceId, request.segments);
        const plan = await staging.plan(ref, { ...request, segments });
        if (!allowMassRemoval) refuseMassRemoval(plan);
        return { plan, segments: planOnly ? request.segments : segments, requests: account.requests() };
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

function refuseMassRemoval(plan: ExportPlan): void {
  const emptied = plan.segments.find(({ profiles, toUntag }) => profiles === 0 && toUntag > 0);
  const limit = Math.max(MASS_REMOVAL_LEAST, plan.held * MASS_REMOVAL_SHARE);
  if (!emptied && plan.removals <= limit) return;
  const what = emptied
    ? `the segment "${emptied.segment}" holds nobody any more, and ${emptied.toUntag} people would lose the tag "${emptied.tag}"`
    : `${plan.removals} of the ${plan.held} people exported so far would lose all tags of this destination`;
  throw new ExportError(
    'MASS_REMOVAL',
    `Nothing was sent: ${what}. If the source is right, export with --allow-mass-removal.`,
    { details: { removals: plan.removals, held: plan.held } },
  );
}
