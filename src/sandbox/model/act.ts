import type { Audience } from './audience';
import type { Member } from './member';
import { subscriberHash } from './hash';

export const ACTIONS = [
  'unsubscribe',
  'subscribe',
  'confirm',
  'clean',
  'archive',
  'delete-permanent',
  'throttle',
  'tag',
  'untag',
  'edit',
] as const;

/**
 * A change that does not come from the API's caller but from the contact (unsubscribe, subscribe, confirm, or clean for an
 * address that bounces) or from another tool (archive, delete-permanent, tag, untag, edit). `subscribe` also works for contacts
 * that opted out or were permanently deleted. `throttle` makes Mailchimp refuse the address as one that signed up too often.
 */
export interface Act {
  /** Audience id. */
  readonly audience: string;
  readonly email: string;
  readonly action: (typeof ACTIONS)[number];
  readonly tag?: string;
  /** For `edit`: values by merge tag. */
  readonly mergeFields?: Readonly<Record<string, string | number>>;
  /** For `throttle`: how long. Default 300. */
  readonly seconds?: number;
}

/** @throws Error when the contact is not in the audience, or the action needs a tag */
export function perform(audience: Audience, act: Act, now: number): void {
  if (act.action === 'subscribe') return subscribe(audience, act, now);
  if (act.action === 'throttle') {
    audience.throttled.set(subscriberHash(act.email), now + (act.seconds ?? 300));
    return audience.changed();
  }
  const member = audience.byAddress(act.email);
  if (!member) throw new Error(`no member with this address is in the audience ${audience.profile.id}`);
  if (act.action === 'delete-permanent') return audience.forget(member);
  changeMember(audience, member, { act, now });
  member.lastChanged = now;
  audience.changed(member);
  if (act.action !== 'tag' && act.action !== 'untag') return;
  if (!act.tag) throw new Error(`'${act.action}' needs a tag`);
  const { id } = audience.tagOrNew(act.tag, now);
  const { tagSets } = audience;
  audience.setTags(
    member,
    act.action === 'tag' ? tagSets.with(member.tags, id) : tagSets.without(member.tags, id),
  );
}

function changeMember(
  audience: Audience,
  member: Member,
  { act, now }: { readonly act: Act; readonly now: number },
): void {
  switch (act.action) {
    case 'unsubscribe':
    case 'clean':
      member.locked = true;
      return audience.setStatus(member, act.action === 'clean' ? 'cleaned' : 'unsubscribed', now);
    case 'confirm':
      member.locked = false;
      return audience.setStatus(member, 'subscribed', now);
    case 'archive':
      return audience.setStatus(member, 'archived', now);
    case 'edit':
      member.values = edited(audience, member, act);
      return;
    default:
  }
}

function edited(audience: Audience, member: Member, act: Act): Member['values'] {
  const values = [...member.values];
  for (const field of audience.mergeFields) {
    const value = act.mergeFields?.[field.tag];
    if (value !== undefined) values[field.slot] = value;
  }
  return values;
}

function subscribe(audience: Audience, act: Act, now: number): void {
  const key = subscriberHash(act.email);
  if (audience.forgotten.delete(key)) audience.changed();
  const member = audience.byKey(key);
  if (member) {
    member.locked = false;
    member.lastChanged = now;
    audience.changed(member);
    return audience.setStatus(member, 'subscribed', now);
  }
  audience.add({
    key,
    email: act.email.trim(),
    status: 'subscribed',
    locked: false,
    plainText: false,
    values: [],
    tags: audience.tagSets.empty,
    lastChanged: now,
    addedAt: now,
    optedInAt: now,
    extra: undefined,
  });
}
