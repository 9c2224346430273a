import { ExportError } from '../errors';
import { fullTag, unnamed, type CompactConfiguration, type Unnamed } from '../contract/compact';
import type { ExportRef } from '../contract/identifiers';
import type { JobKind } from '../contract/job-kind';
import type { Group, MailchimpAccount } from '../ports/mailchimp';
import type { Restored, Staging, UndoRequest } from '../ports/staging';
import {
  groupField,
  groupId,
  isMergeField,
  type FieldMatch,
  type MatchedField,
} from '../contract/merge-field';
import type { SegmentTag } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { resolveTags } from './rules/resolve-tags';
import { maySetAttributes } from './rules/search-attributes';

export interface PreflightInput {
  readonly ref: ExportRef;
  /** Undefined: an export. */
  readonly kind?: JobKind;
  readonly account: string;
  readonly accountId: string;
  readonly audienceId: string;
  readonly configuration: CompactConfiguration;
  /** The destination is removed: its merge fields and segments do not matter any longer, only the tags that contacts carry. */
  readonly isRemoval?: true;
  /** The export takes back an earlier one: merge fields and segments are those of the export before that. */
  readonly undo?: UndoRequest;
  /** Check also whether earlier exports left requests without an answer. `baseline`: the export whose baseline the destination uses. */
  readonly drain?: { readonly baseline: string | null };
}

export interface Preflight {
  readonly fields: readonly FieldMatch[];
  /** `tagId` is null where the tag does not exist yet. */
  readonly segments: readonly Unnamed<SegmentTag>[];
  readonly requests: number;
  /**
   * Every request of earlier exports is answered, so the step drainEarlierWrites has nothing to do. `baseline`: the export
   * whose baseline is the latest; it differs from that of the input if the destination has lost an export.
   */
  readonly drained?: { readonly baseline: string | null };
  /** Whether the export may set search attributes. Undefined: as before. */
  readonly searchAttributes?: boolean;
  /** The steps that read the source and the audience take turns with the memory of this worker. Undefined in the answer of version 0.3.0. */
  readonly readsAtOnce?: true;
}

/**
 * Claims the destination for this export, then checks that account, audience, merge fields and tags are as they were when the destination
 * was configured. Changes nothing in Mailchimp. A retry keeps the claim and checks again.
 * @throws ExportError SUPERSEDED, KEY_INVALID, ROLE_TOO_LOW, ACCOUNT_MISMATCH, AUDIENCE_NOT_FOUND, REQUIRED_FIELD_UNMATCHED, MERGE_FIELD_NOT_FOUND, GROUP_NOT_FOUND, TAG_TAKEN, UNDO_BLOCKED, UNDO_EXPIRED
 */
export function createPreflight(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function preflight(input: PreflightInput): Promise<Preflight> {
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      await staging.claim(input.ref, input.kind);
      // Ends a workflow that was reset after its export was settled.
      await staging.checkClaim(input.ref);
      const own = () => staging.ownTags(input.ref.destinationId);
      const restored = input.undo && (await staging.readRestored(input.ref, input.undo));
      const checked = await check(
        { account: await openAccount(), own },
        restored ? withRestored(input, restored) : input,
      );
      const drained =
        input.drain &&
        (await drainAnswered(staging, input.ref, { ...input.drain, signal: heartbeat.cancelled }));
      const searchAttributes = await maySetAttributes(dependencies);
      return {
        ...checked,
        ...(drained && { drained }),
        ...(searchAttributes !== undefined && { searchAttributes }),
        readsAtOnce: true,
      };
    });
  };
}

/** A first export has nothing before it: as before a removal, only the tags that contacts carry matter. */
function withRestored(input: PreflightInput, { fields, segments }: Restored): PreflightInput {
  const configuration = {
    ...input.configuration,
    fields: [...fields],
    segments: segments.map(({ segment, tag, tagId }) => ({ segment, tag, tagId, knownAs: tag })),
  };
  return { ...input, configuration, ...(segments.length === 0 && { isRemoval: true as const }) };
}

interface Checking {
  readonly account: MailchimpAccount;
  /** Ids of the tags that exports of the destination created. */
  readonly own: () => Promise<readonly number[]>;
}

/** Nearly always every request has an answer, and a separate step would take longer than this check. */
async function drainAnswered(
  staging: Staging,
  ref: ExportRef,
  { baseline, signal }: { readonly baseline: string | null; readonly signal: AbortSignal },
): Promise<Preflight['drained']> {
  const writes = await staging.unansweredWrites(ref);
  if (writes.length > 0) return undefined;
  await staging.recordDrained(ref);
  const settled = await staging.settleEarlier(ref, baseline, { signal });
  return { baseline: settled.baseline };
}

async function check({ account, own }: Checking, input: PreflightInput): Promise<Preflight> {
  const { accountId } = await account.login();
  if (accountId !== input.accountId) {
    throw new ExportError(
      'ACCOUNT_MISMATCH',
      `The key of account ${input.account} now belongs to another Mailchimp account. Use a key of the account that the destination was connected to.`,
    );
  }
  const { audienceId, configuration } = input;
  if (input.isRemoval) {
    await account.audience(audienceId);
    return { fields: configuration.fields, segments: [], requests: account.requests() };
  }
  const reads = [
    account.audience(audienceId),
    refreshFields(account, input),
    resolveTags(configuration.segments.map(fullTag), { account, audienceId, own }),
  ] as const;
  // So that the first of those that failed is thrown: a deleted audience is not reported as a missing field.
  await Promise.allSettled(reads);
  const [, fields, segments] = await Promise.all(reads);
  return { fields, segments: segments.map(unnamed), requests: account.requests() };
}

/** The matched merge fields as they are now: choices and "required" may have changed. */
async function refreshFields(account: MailchimpAccount, { audienceId, configuration }: PreflightInput) {
  const available = await account.mergeFields(audienceId);
  const unmatched = available.find(
    ({ tag, required }) => required && !configuration.fields.some(({ field }) => field.tag === tag),
  );
  if (unmatched) {
    throw new ExportError(
      'REQUIRED_FIELD_UNMATCHED',
      `The audience now requires ${unmatched.tag}, which no attribute is matched to. Configure the destination again.`,
    );
  }
  const groups = await availableGroups(account, { audienceId, configuration });
  return configuration.fields.map((match) => {
    if (!isMergeField(match.field)) return { ...match, field: presentGroup(match.field, groups) };
    const field = available.find(({ tag }) => tag === match.field.tag);
    if (field && field.type === match.field.type) return { ...match, field };
    throw new ExportError(
      'MERGE_FIELD_NOT_FOUND',
      `The merge field ${match.field.tag} was ${field ? `changed to type ${field.type}` : 'deleted'} in Mailchimp since this destination was ` +
        'configured. Configure it again.',
    );
  });
}

/** Read only where some are matched. */
async function availableGroups(
  account: MailchimpAccount,
  { audienceId, configuration }: Pick<PreflightInput, 'audienceId' | 'configuration'>,
): Promise<readonly Group[]> {
  return configuration.fields.some(({ field }) => field.type === 'group') ? account.groups(audienceId) : [];
}

/** A group by its id, with the name that it has now; the language as it is. */
function presentGroup(field: MatchedField, groups: readonly Group[]): MatchedField {
  if (field.type !== 'group') return field;
  const group = groups.find(({ id }) => id === groupId(field));
  if (group) return groupField(group);
  throw new ExportError(
    'GROUP_NOT_FOUND',
    `The group "${field.name}" was deleted in Mailchimp since this destination was configured. Configure it again.`,
  );
}
