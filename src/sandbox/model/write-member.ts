import type { Refusal } from '../problem';
import type { SandboxSwitches } from '../switches';
import type { Audience } from './audience';
import type { MemberInput } from './member-input';
import type { Member, MemberExtra, MemberStatus } from './member';
import type { TagSet } from './tag-sets';
import { invalidResource } from '../problem';
import { isRoleAddress, isValidAddress, looksFake } from './email-address';
import { subscriberHash } from './hash';
import { writeMergeValues } from './merge-values';

/** How a PUT, POST, PATCH or a row of a batch subscribe writes one member. */
export interface WriteMode {
  readonly switches: SandboxSwitches;
  /** Unix seconds. */
  readonly now: number;
  readonly skipMergeValidation: boolean;
  readonly tags: 'applied' | 'newOnly' | 'ignored';
  /** Replaces all tags of an existing member instead of adding. */
  readonly syncTags: boolean;
  readonly refuseRoles: boolean;
}

/** An input whose address is known, with its subscriber hash. */
export interface AddressedInput extends MemberInput {
  readonly email: string;
  readonly key: string;
}

export function addressed(input: MemberInput, email: string, key: string): AddressedInput {
  const { status, statusIfNew, mergeFields, tags, plainText, extra } = input;
  // Property by property, as in `Audience.add`.
  return { email, key, status, statusIfNew, mergeFields, tags, plainText, extra };
}

export interface Written {
  readonly member: Member;
  /** New to the audience, or back from the archive. */
  readonly created: boolean;
  readonly changed: boolean;
}

export type WriteResult = Written | Refusal;

export const isRefusal = (result: WriteResult): result is Refusal => 'title' in result;

/** Checks only the address: syntax, fake addresses, permanently deleted contacts. */
export function refuseAddress(audience: Audience, email: string, refuseRoles: boolean): Refusal | undefined {
  if (email === '') return invalidResource('Blank email address');
  if (!isValidAddress(email)) return invalidResource('Please provide a valid email address.');
  if (looksFake(email))
    return invalidResource(`${email} looks fake or invalid, please enter a real email address.`);
  if (refuseRoles && isRoleAddress(email))
    return invalidResource(`${email} is a role-based address and cannot be imported.`);
  if (audience.forgotten.size > 0 && audience.forgotten.has(subscriberHash(email))) return forgotten(email);
  return undefined;
}

const forgotten = (email: string): Refusal => ({
  status: 400,
  title: 'Forgotten Email Not Subscribed',
  detail: `${email} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.`,
  untyped: true,
});

const inCompliance = (email: string, wording: SandboxSwitches['complianceWording']): Refusal => ({
  status: 400,
  title: 'Member In Compliance State',
  detail: `${email} is ${wording === 'isIn' ? 'in a' : 'already a list member in'} compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
  untyped: true,
});

const throttled = (email: string): Refusal =>
  invalidResource(
    `${email} has signed up to a lot of lists very recently; we're not allowing more signups for now`,
  );

// The real reply of a full plan is not known.
const planFull: Refusal = {
  status: 403,
  title: 'Forbidden',
  detail: 'You have reached the contact limit of your plan. Please upgrade to add more contacts.',
};

/** Writes one member whose address has been checked. Changes nothing when it returns a refusal. */
export function writeMember(audience: Audience, input: AddressedInput, mode: WriteMode): WriteResult {
  const { key } = input;
  const existing = audience.byKey(key);
  const status = nextStatus(existing, input, mode.switches);
  if (typeof status !== 'string') return status;
  const signsUp = (status === 'subscribed' || status === 'pending') && existing?.status !== status;
  if (signsUp && (audience.throttled.get(key) ?? 0) > mode.now) return throttled(input.email);
  const given = existing && !takesUpdates(existing, mode.switches) ? undefined : input.mergeFields;
  const merged = writeMergeValues({
    fields: audience.mergeFields,
    given,
    before: existing?.values ?? [],
    validate: !mode.skipMergeValidation,
    requireValues: !existing || (mode.switches.requiredCheckedOnUpdate && given !== undefined),
  });
  if (merged.errors.length > 0) return invalidResource('Your merge fields were invalid.', merged.errors);
  const unknown = Object.keys(input.extra?.interests ?? {}).find((id) => !audience.interestIds.includes(id));
  // The real text is not known.
  if (unknown !== undefined) return invalidResource(`Invalid interest ID: '${unknown}'`);
  if (existing) return update(audience, existing, { input, mode, status, merged });
  if (isFull(audience, mode.switches)) return planFull;
  const member = audience.add({
    key,
    email: input.email,
    status,
    locked: status === 'cleaned',
    plainText: input.plainText ?? false,
    values: merged.values,
    tags:
      mode.tags === 'ignored'
        ? audience.tagSets.empty
        : withTags(audience, audience.tagSets.empty, { names: input.tags, now: mode.now }),
    lastChanged: mode.now,
    addedAt: mode.now,
    optedInAt: status === 'subscribed' ? mode.now : 0,
    extra: input.extra,
  });
  return { member, created: true, changed: true };
}

interface Update {
  readonly input: MemberInput;
  readonly mode: WriteMode;
  readonly status: MemberStatus;
  readonly merged: { readonly values: Member['values']; readonly changed: boolean };
}

function update(audience: Audience, member: Member, { input, mode, status, merged }: Update): Written {
  const revived = member.status === 'archived' && status !== 'archived';
  let changed = merged.changed || member.status !== status;
  if (merged.changed) member.values = merged.values;
  if (input.status === 'cleaned') member.locked = true;
  if (revived && status === 'subscribed') member.locked = false;
  audience.setStatus(member, status, mode.now);
  if (input.plainText !== undefined && input.plainText !== member.plainText) {
    member.plainText = input.plainText;
    changed = true;
  }
  if (input.extra && takesUpdates(member, mode.switches)) {
    const extra = withExtra(member.extra, input.extra);
    changed ||= JSON.stringify(extra) !== JSON.stringify(member.extra);
    member.extra = extra;
  }
  if (mode.tags === 'applied' && takesUpdates(member, mode.switches)) {
    const start = mode.syncTags ? audience.tagSets.empty : member.tags;
    const tags =
      mode.syncTags && !input.tags
        ? member.tags
        : withTags(audience, start, { names: input.tags, now: mode.now });
    changed ||= !sameTags(tags, member.tags);
    audience.setTags(member, tags);
  }
  if (changed) member.lastChanged = mode.now;
  audience.changed(member);
  return { member, created: revived, changed };
}

/** Groups and permissions that are not named stay as they are. */
function withExtra(before: MemberExtra | undefined, given: MemberExtra): MemberExtra {
  return {
    ...before,
    ...given,
    ...(given.interests && { interests: { ...before?.interests, ...given.interests } }),
    ...(given.marketingPermissions && {
      marketingPermissions: [
        ...(before?.marketingPermissions ?? []).filter(
          ({ id }) => !given.marketingPermissions?.some((one) => one.id === id),
        ),
        ...given.marketingPermissions,
      ],
    }),
  };
}

const sameTags = (one: TagSet, other: TagSet): boolean =>
  one === other || (one.ids.length === other.ids.length && one.ids.every((id) => other.ids.includes(id)));

const takesUpdates = (member: Member, switches: SandboxSwitches): boolean =>
  !member.locked || switches.optedOutTakesUpdates;

/** The transition table: the member's new status, or the reason for a refusal. */
function nextStatus(
  member: Member | undefined,
  input: AddressedInput,
  switches: SandboxSwitches,
): MemberStatus | Refusal {
  const { status, statusIfNew } = input;
  if (!member) return status ?? statusIfNew ?? statusRequired();
  if (member.status === 'archived') {
    const stays = switches.archivedStaysArchived || !statusIfNew;
    const wanted = status ?? (stays ? 'archived' : statusIfNew);
    if (wanted === 'subscribed' && member.locked && switches.archivedKeepsCompliance)
      return inCompliance(input.email, switches.complianceWording);
    return wanted;
  }
  if (!status) return member.status;
  if (!member.locked) return status;
  if (status === 'subscribed') return inCompliance(input.email, switches.complianceWording);
  if (status !== 'transactional' || switches.transactionalOnOptedOut === 'take') return status;
  return switches.transactionalOnOptedOut === 'refuse'
    ? inCompliance(input.email, switches.complianceWording)
    : member.status;
}

const statusRequired = (): Refusal =>
  invalidResource(
    "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
    [{ field: '', message: 'Required fields were not provided: status_if_new' }],
  );

function withTags(
  audience: Audience,
  start: TagSet,
  { names = [], now }: { readonly names: readonly string[] | undefined; readonly now: number },
): TagSet {
  let set = start;
  for (const name of names)
    if (name.trim() !== '') set = audience.tagSets.with(set, audience.tagOrNew(name, now).id);
  return set;
}

function isFull(audience: Audience, switches: SandboxSwitches): boolean {
  if (switches.contactLimit === 0) return false;
  const { subscribed, unsubscribed, transactional } = audience.byStatus;
  return subscribed + unsubscribed + transactional >= switches.contactLimit;
}
