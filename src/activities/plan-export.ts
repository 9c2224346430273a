import { log } from '@temporalio/activity';
import type { ExportOptions } from '../contract/export-options';
import type { Approval, Guard, GuardSettings } from '../contract/guard';
import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import { abridgedPlan } from '../contract/abridged';
import { named, type Unnamed } from '../contract/compact';
import type { ExportPlan, SegmentTag } from '../contract/plan';
import type { Removal } from '../contract/removal';
import type { Undo, Undone } from '../contract/undo';
import type { PlanRequest, Staging } from '../ports/staging';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { exportVersion, type Exported } from './rules/export-version';
import { mapAtOnce } from './map-at-once';
import {
  bounded,
  findGuards,
  guardAfterUndo,
  guardBySecondPerson,
  guardRemoval,
  guardUndo,
  withoutAllowed,
} from './rules/guards';

export interface PlanExportInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly audienceId: string;
  /** Of Mailchimp. Undefined in histories of version 0.3.0. */
  readonly accountId?: string;
  readonly request: Omit<PlanRequest, 'segments'> & { readonly segments: readonly Unnamed<SegmentTag>[] };
  readonly guards: GuardSettings;
  readonly options: ExportOptions;
  /** `assume`: only the numbers are wanted, so the plan is made as if the tags existed. */
  readonly missingTags: 'create' | 'assume';
  readonly approved?: Approval;
  /** All contacts depart, since the destination is removed. */
  readonly removal?: Removal;
  /** What is not within the limits is approved by a person other than the one who asks, whatever the options allow. */
  readonly needsSecondPerson?: true;
  /** An earlier export is taken back. */
  readonly undo?: Undo;
  /** An export was taken back, and no later one was approved since. */
  readonly undone?: Undone;
  /** Undefined: the version of what was read is not known. */
  readonly source?: Exported['source'];
}

export interface PlannedExport {
  readonly plan: ExportPlan;
  /** Of the segments, in their order, with those of the tags that were created. Undefined in the answer of version 0.3.0. */
  readonly tagIds?: readonly (number | null)[];
  /** Only in the answer of version 0.3.0. */
  readonly segments?: readonly SegmentTag[];
  /** Guards that hold the export; empty: it may continue. */
  readonly guards: readonly Guard[];
  readonly requests: number;
  /** See `exportVersion`. Undefined: not known. */
  readonly version?: string;
}

/**
 * Creates missing tags, since the plan names tags by their ids, computes the changes to send, and checks them against the guards. Sends no
 * contact. A retry finds the tags, returns the sealed plan, and counts the account's contacts again.
 * @throws ExportError TAG_TAKEN, SUPERSEDED
 */
export function createPlanExport(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function planExport(input: PlanExportInput): Promise<PlannedExport> {
    const { ref, options, missingTags, approved, needsSecondPerson = false, undo, removal } = input;
    const isAgreed = undo !== undefined || removal !== undefined;
    const request = { ...input.request, segments: input.request.segments.map(named) };
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      const account = await openAccount();
      await staging.checkClaim(ref);
      const segments =
        missingTags === 'assume'
          ? request.segments.map(withStandIn)
          : await createTags({ account, staging }, { ...input, request });
      const plan = await staging.plan(
        ref,
        { ...request, segments, ...ofAccount(input) },
        heartbeat.cancelled,
      );
      const { creates, updates, removals, parts } = plan;
      log.info('The plan is made', { creates, updates, removals, parts: parts.length });
      const found = await guardsOf(account, input, { plan, segments });
      return {
        plan: abridgedPlan(plan),
        tagIds: (missingTags === 'assume' ? request.segments : segments).map(({ tagId }) => tagId),
        guards: withoutAllowed(bounded(found), { options, approved, needsSecondPerson, isAgreed }),
        requests: account.requests(),
        ...versionOf(input, segments),
      };
    });
  };
}

/** Not part of what a version compares: a change of its list is noticed by the list. */
function ofAccount({ accountId }: PlanExportInput): Pick<PlanRequest, 'accountId'> {
  return accountId === undefined ? {} : { accountId };
}

async function guardsOf(
  account: MailchimpAccount,
  { guards, options, removal, undo, undone, needsSecondPerson, request: { rejects } }: PlanExportInput,
  planned: { readonly plan: ExportPlan; readonly segments: readonly SegmentTag[] },
): Promise<readonly Guard[]> {
  if (removal && needsSecondPerson) return [guardBySecondPerson(planned.plan)];
  if (removal) return guardRemoval(planned.plan, removal);
  if (undo) return guardUndo(planned.plan, { ...undo, needsSecondPerson });
  const { holdOnRejects = guards.rejects } = options;
  const settings = { ...guards, ...(holdOnRejects !== undefined && { rejects: holdOnRejects }) };
  const contacts = settings.contactLimit === undefined ? null : await account.contacts();
  return [
    ...(undone ? guardAfterUndo(planned.plan, undone) : []),
    ...findGuards({ ...planned, settings, contacts, rejects }),
  ];
}

/** By the names of segments and tags: their ids do not decide what is sent. */
function versionOf(
  { source, request }: PlanExportInput,
  segments: readonly SegmentTag[],
): Pick<PlannedExport, 'version'> {
  if (!source) return {};
  const { statusIfNew, ...matching } = request;
  const version = exportVersion({ source, statusIfNew, configuration: { ...matching, segments } });
  return { version };
}

/** Gives a tag that does not exist an id that no member carries, so that the counts are those of the export that creates it. */
function withStandIn(segment: SegmentTag, index: number): SegmentTag {
  return segment.tagId === null ? { ...segment, tagId: -1 - index } : segment;
}

async function createTags(
  { account, staging }: { readonly account: MailchimpAccount; readonly staging: Staging },
  { audienceId, ref, request }: Omit<PlanExportInput, 'request'> & { readonly request: PlanRequest },
): Promise<SegmentTag[]> {
  return mapAtOnce(request.segments, account.connections(), async (segment) => {
    if (segment.tagId !== null) return segment;
    const { id } = await account.createTag(audienceId, segment.tag);
    await staging.recordTag(ref.destinationId, id);
    return { ...segment, tagId: id };
  });
}
