import type { Row } from './mailchimp';
import { fateOf, staysTagged } from './leavers';
import { hasObjected, OUT } from './selection';
import { minus, NONE, pick, sorted } from './sets';
import { isSuppressed, ON_LIST } from './suppression';
import { NEW, type Change, type Selection, type Subject, type World } from './world';

// What each contact needs.

/** By key, with addresses that have departed. */
export function findChanges(world: World, { people, spared }: Selection): Change[] {
  const withheldOf = (address: string) => ({
    spared: spared.get(address) ?? NONE,
    isInvalid: spared.has(address),
    isSuppressed: isSuppressed(world, address),
  });
  const changes = [...people].map(([address, person]) => {
    const isObjecting = hasObjected(world, address, person.keys);
    const subject = { address, ...person, ...withheldOf(address), isObjecting };
    return compare(world, subject.isSuppressed ? { ...subject, wants: NONE, spared: NONE } : subject);
  });
  const gone = { profile: null, wants: NONE, keys: [], isObjecting: false };
  for (const [address, { isPresent }] of world.held) {
    const subject = { address, ...gone, ...withheldOf(address), spared: NONE };
    const isSpared = subject.isInvalid && !subject.isSuppressed;
    if (isPresent && !people.has(address) && !isSpared) changes.push(compare(world, subject));
  }
  return sorted(changes, ({ profile, was, address }) => `${profile?.key ?? was.keys[0]} ${address}`);
}

function compare(world: World, person: Subject): Change {
  const { address, profile, wants } = person;
  const was = world.held.get(address) ?? NEW;
  const found = world.census?.get(address);
  const mayAdd = minus(wants, minus(found?.tags ?? new Set(), was.tags));
  const valueOf = (tag: string) => profile?.values[tag] ?? was.filled[tag] ?? '';
  const values = Object.fromEntries(world.config.fields.map((tag) => [tag, valueOf(tag)]));
  const payload = JSON.stringify([values, [...wants].toSorted()]);
  const gains = was.state === 'exposed' ? mayAdd : minus(mayAdd, was.tags);
  const isNew = (tag: string) => values[tag] !== (was.filled[tag] ?? '') || !world.heldFields.includes(tag);
  const needs =
    profile !== null && (was.state !== 'proven' || gains.size > 0 || world.config.fields.some(isNew));
  const now = world.members.get(address)?.status ?? '';
  const isKnown = found !== undefined || was.isMember || OUT.includes(now);
  const loses = staysTagged(world, person) ? NONE : minus(was.tags, wants, person.spared);
  // A new census also knows who is no member any longer.
  const last = (world.isFresh ? found?.status : (was.status ?? found?.status)) ?? '';
  const isSubscribed = isKnown && last === 'subscribed' && !OUT.includes(now);
  const refused =
    was.refusal &&
    !was.refusal.isRetried &&
    (was.refusal.until < Infinity || was.refusal.payload === payload) &&
    world.now < was.refusal.until
      ? was.refusal.outcome
      : null;
  const isGone = now === 'archived' && !was.isOurs && (profile !== null || loses.size > 0);
  const withheld = person.isObjecting && !isSubscribed ? 'suppressed opted_out_elsewhere' : refused;
  const listed = profile !== null && person.isSuppressed ? ON_LIST : null;
  const decided = isGone ? 'suppressed archived' : (listed ?? (needs ? withheld : null));
  const isSent = needs && decided === null;
  return {
    ...person,
    was,
    values,
    payload,
    decided,
    isSent,
    ...fateOf(world, {
      isLeaver: profile === null && decided === null && !person.isInvalid,
      loses,
      was,
      now,
    }),
    isKnown,
    isUncertain: was.state === 'exposed' && !world.isFresh,
    ours: new Set([...was.tags, ...mayAdd]),
    gains: isSent ? gains : new Set(),
    loses: isGone ? new Set() : loses,
  };
}

/** An empty value clears only what we had filled; one that does not fit is left alone. */
export function rowOf({ address, profile, values, was, wants }: Change): Row {
  const isCarried = (tag: string) => values[tag] !== '' || tag in was.filled;
  const carried = pick(values, (tag) => profile?.values[tag] !== undefined && isCarried(tag));
  return { address, values: carried, tags: wants };
}
