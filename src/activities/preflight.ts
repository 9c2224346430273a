import { ExportError } from '../errors';
import { fullTag, unnamed, type CompactConfiguration, type Unnamed } from '../contract/compact';
import type { ExportRef } from '../contract/identifiers';
import type { MailchimpAccount } from '../ports/mailchimp';
import type { Staging } from '../ports/staging';
import type { FieldMatch } from '../contract/merge-field';
import type { SegmentTag } from '../contract/plan';
import type { ActivityDependencies } from './dependencies';
import { exportStep } from './export-step';
import { resolveTags } from './rules/resolve-tags';

export interface PreflightInput {
  readonly ref: ExportRef;
  readonly account: string;
  readonly accountId: string;
  readonly audienceId: string;
  readonly configuration: CompactConfiguration;
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
}

/**
 * Claims the destination for this export, then checks that account, audience, merge fields and tags are as they were when the destination
 * was configured. Changes nothing in Mailchimp. A retry keeps the claim and checks again.
 * @throws ExportError SUPERSEDED, KEY_INVALID, ROLE_TOO_LOW, ACCOUNT_MISMATCH, AUDIENCE_NOT_FOUND, REQUIRED_FIELD_UNMATCHED, MERGE_FIELD_NOT_FOUND, TAG_TAKEN
 */
export function createPreflight(dependencies: ActivityDependencies) {
  const { staging } = dependencies;
  return async function preflight(input: PreflightInput): Promise<Preflight> {
    return exportStep(dependencies, input, async ({ openAccount, heartbeat }) => {
      await staging.claim(input.ref);
      // Ends a workflow that was reset after its export was settled.
      await staging.checkClaim(input.ref);
      const own = () => staging.ownTags(input.ref.destinationId);
      const checked = await check({ account: await openAccount(), own }, input);
      const drained =
        input.drain &&
        (await drainAnswered(staging, input.ref, { ...input.drain, signal: heartbeat.cancelled }));
      return { ...checked, ...(drained && { drained }) };
    });
  };
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
  return { baseline: await staging.settleEarlier(ref, baseline, signal) };
}

async function check({ account, own }: Checking, input: PreflightInput): Promise<Preflight> {
  const { accountId } = await account.login();
  if (accountId !== input.accountId) {
    throw new ExportError(
      'ACCOUNT_MISMATCH',
      `The key of account ${input.account} now belongs to another Mailchimp account. Use a key of the account that the destination was connected to.`,
    );
  }
  await account.audience(input.audienceId);
  const fields = await refreshFields(account, input);
  const { audienceId, configuration } = input;
  const segments = await resolveTags(configuration.segments.map(fullTag), { account, audienceId, own });
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
  return configuration.fields.map((match) => {
    const field = available.find(({ tag }) => tag === match.field.tag);
    if (field && field.type === match.field.type) return { ...match, field };
    throw new ExportError(
      'MERGE_FIELD_NOT_FOUND',
      `The merge field ${match.field.tag} was ${field ? `changed to type ${field.type}` : 'deleted'} in Mailchimp since this destination was ` +
        'configured. Configure it again.',
    );
  });
}
