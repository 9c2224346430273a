import { censusFor, untag, upsert } from './mailchimp';
import { count } from './count';
import { forgetDeparted, liftRefusals, PERMANENT } from './remembered';
import { findPeople, hasObjected, hasOptedOut, OUT } from './selection';
import { minus, NONE, pick, sorted } from './sets';
import { NEW, type Asked, type Change, type Held, type Subject } from './world';
import type { Results, Selection, ExportResult, World } from './world';

// What an export does, written from the contract alone. It imports nothing of the tested code, and normalises nothing.

const MINUTE = 60_000;
const WAITS = [5, 1440, 2 * 1440, 7 * 1440].map((minutes) => minutes * MINUTE);
const WORST = ['acknowledged', 'not_sent', 'suppressed', 'throttled', 'rejected', 'unproven'];
/** The contact itself has left, before the export or during it. */
const WITHHELD = ['suppressed archived', 'suppressed opted_out'];
const rank = (result: string) => WORST.indexOf(result.split(' ')[0]!);

/** One export: changes the world as the real export must, and returns what it must report. */
export function exportOnce(world: World, asked: Asked): ExportResult {
  const census = censusFor(world, asked);
  const status = asked.isCancelled ? 'cancelled' : 'completed';
  const result = { status, subjects: [] as string[], memberStatuses: {}, pairs: {} };
  const selection = findPeople(world, result.subjects);
  if (result.subjects.length + selection.people.size === 0) return { ...result, status: 'SOURCE_EMPTY' };
  const isFresh = census !== world.census;
  liftRefusals(world, isFresh, asked);
  const changes = findChanges({ ...world, census, isFresh }, selection);
  world.census = census;
  const needy = changes.filter(({ isSent, loses }) => isSent || loses.size > 0);
  for (const change of needy.slice(asked.limit ?? Infinity)) putOff(change);
  const isHeld = !asked.allowMassRemoval && asked.answer !== 'approved' && isMassRemoval(world, changes);
  if (isHeld) result.status = asked.answer;
  const unanswered = isHeld ? () => 'not_sent' : asked.unanswered;
  for (const change of changes) {
    const { address, wants, loses, isSent } = change;
    const row = { address, values: carried(change), tags: wants };
    const sent = isSent ? (unanswered(address) ?? upsert(world, row)) : null;
    const off = [...loses].map(
      (tag) => [tag, unanswered(address, tag) ?? untag(world, address, tag)] as const,
    );
    result.subjects.push(settle(world, change, { sent, off }));
    count(result, change, { sent, off, status: world.members.get(address)?.status ?? '' });
  }
  forgetDeparted(world, selection);
  if (result.status === 'completed') world.adopted.clear();
  world.heldFields = world.config.fields;
  for (const held of world.held.values())
    held.filled = pick(held.filled, (tag) => world.config.fields.includes(tag));
  return { ...result, subjects: result.subjects.toSorted() };
}

/** By key, with addresses that have departed. */
function findChanges(world: World, { people, spared }: Selection): Change[] {
  const changes = [...people].map(([address, person]) => {
    const isObjecting = hasObjected(world, address, person.keys);
    return compare(world, { address, ...person, spared: spared.get(address) ?? NONE, isObjecting });
  });
  const gone = { profile: null, wants: NONE, spared: NONE, keys: [], isObjecting: false };
  for (const [address, { isPresent }] of world.held)
    if (isPresent && !people.has(address) && !spared.has(address))
      changes.push(compare(world, { address, ...gone }));
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
  const loses = minus(was.tags, wants, person.spared);
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
  const isArchived = now === 'archived' && (profile !== null || loses.size > 0);
  const withheld = person.isObjecting && !isSubscribed ? 'suppressed opted_out_elsewhere' : refused;
  const decided = isArchived ? 'suppressed archived' : needs ? withheld : null;
  const isSent = needs && decided === null;
  return {
    ...person,
    was,
    values,
    payload,
    decided,
    isSent,
    isKnown,
    isUncertain: was.state === 'exposed' && !world.isFresh,
    ours: new Set([...was.tags, ...mayAdd]),
    gains: isSent ? gains : new Set(),
    loses: isArchived ? new Set() : loses,
  };
}

/** Members lose the tag of a segment that is empty or no longer configured. */
function isMassRemoval({ profiles, config, holdsRemovals }: World, changes: readonly Change[]): boolean {
  const filled = [...profiles.values()].flatMap(({ segments }) => segments).map((id) => config.segments[id]);
  return changes.some(({ loses }) => [...loses].some((tag) => holdsRemovals || !filled.includes(tag)));
}

function putOff(change: Change): void {
  const decided = change.decided ?? 'not_sent';
  Object.assign(change, { isSent: false, gains: new Set(), loses: new Set(), decided });
}

/** An empty value clears only what we had filled; one that does not fit is left alone. */
function carried({ profile, values, was }: Change) {
  const isCarried = (tag: string) => values[tag] !== '' || tag in was.filled;
  return pick(values, (tag) => profile?.values[tag] !== undefined && isCarried(tag));
}

/** Moves the baseline by what was acknowledged, and returns the outcome. */
function settle(world: World, change: Change, { sent, off }: Results): string {
  const { address, profile, keys, was, ours, values, payload, decided, isKnown, isUncertain } = change;
  const status = world.members.get(address)?.status ?? null;
  const results = [decided, sent, ...off.map(([, result]) => result)].filter((result) => result !== null);
  const worst = sorted(results, (result) => String(rank(result))).at(-1) ?? 'acknowledged';
  const isDone = sent === 'acknowledged';
  const isTaken = isDone || sent === 'unproven';
  const isThrottled = sent?.startsWith('throttled') ?? false;
  const isRefused = isThrottled || PERMANENT.includes(sent?.split(' ')[1] ?? '');
  const times = isThrottled && was.refusal && was.refusal.until < Infinity ? was.refusal.times + 1 : 1;
  const until = isThrottled ? world.now + WAITS[Math.min(times, 4) - 1]! : Infinity;
  const gone = new Set(off.filter(([, result]) => result === 'acknowledged').map(([tag]) => tag));
  const tags = minus(isTaken ? ours : was.tags, gone);
  const arrived = pick(values, (tag) => values[tag] !== '');
  const refusal = isRefused
    ? { payload, outcome: sent!, times, until, at: world.now, isRetried: false }
    : isDone
      ? null
      : was.refusal;
  const next: Held = {
    keys: [...keys, ...(profile && !hasOptedOut(world, address) ? [] : minus(was.keys, new Set(keys)))],
    status: isDone ? status : was.status,
    tags,
    refusal,
    filled: isDone ? arrived : isTaken ? { ...was.filled, ...arrived } : was.filled,
    state: worst === 'unproven' ? 'exposed' : isDone ? 'proven' : was.state,
    isMember: isKnown || isDone,
    isPresent: profile ? isTaken || was.isPresent : worst !== 'acknowledged',
  };
  const isWithheld = [decided, sent].some((result) => WITHHELD.includes(result ?? ''));
  if (was !== NEW || next.state !== null || next.refusal !== null || isWithheld)
    world.held.set(address, next);
  const created = isUncertain ? 'created uncertain' : 'created';
  const kind = sent && !isKnown ? created : results.length > 0 ? 'updated' : 'unchanged';
  const success = profile ? kind : 'removed';
  return `${next.keys[0]}, ${profile?.text ?? address}: ${worst === 'acknowledged' ? success : worst}`;
}
