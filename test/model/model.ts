import { archive, censusFor, untag, upsert, type Row } from './mailchimp';
import { count } from './count';
import { forgetDeparted, liftRefusals, PERMANENT } from './remembered';
import { findPeople, hasObjected, hasOptedOut, NOBODY, OUT } from './selection';
import { fateOf, leftAs, look, resultOf, staysTagged, withoutOptOuts } from './leavers';
import { isGuarded, isNobody, putOff } from './limits';
import { minus, NONE, pick, sorted } from './sets';
import { ARCHIVING, NEW, type Asked, type Change, type Held, type Subject } from './world';
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
  // Before a removal, nobody is selected, and nothing has to be known of others.
  const census = asked.removal ? world.census : censusFor(world, asked);
  const status = asked.isCancelled ? 'cancelled' : 'completed';
  const result = { status, subjects: [] as string[], memberStatuses: {}, pairs: {} };
  const selection = asked.removal ? NOBODY : findPeople(world, result.subjects);
  if (!asked.removal && isNobody(selection, result)) return { ...result, status: 'SOURCE_EMPTY' };
  const isFresh = census !== world.census;
  liftRefusals(world, isFresh, asked);
  const seen = look(world);
  const changes = findChanges({ ...world, census, isFresh }, selection);
  world.census = census;
  const needy = changes.filter(({ isSent, isArchived, loses }) => isSent || isArchived || loses.size > 0);
  for (const change of needy.slice(asked.limit ?? Infinity)) putOff(change);
  const isHeld = isGuarded(world, asked, changes) && asked.answer !== 'approved';
  if (isHeld) result.status = asked.answer;
  const unanswered = isHeld ? () => 'not_sent' : asked.unanswered;
  for (const change of changes) {
    const { address, loses, isSent } = change;
    const sent = isSent ? (unanswered(address) ?? upsert(world, rowOf(change))) : null;
    const off = [...loses].map(
      (tag) => [tag, unanswered(address, tag) ?? untag(world, address, tag)] as const,
    );
    const archived = change.isArchived ? (unanswered(address, ARCHIVING) ?? archive(world, address)) : null;
    if (archived === 'archived') seen.fresh.add(address);
    result.subjects.push(settle(world, change, { sent, off, archived }));
    count(result, change, { sent, off, archived, status: world.members.get(address)?.status ?? '' });
  }
  withoutOptOuts(world, seen);
  forgetDeparted(world, selection);
  if (result.status === 'completed' && !asked.removal) world.adopted.clear();
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
  const loses = staysTagged(world, profile) ? NONE : minus(was.tags, wants, person.spared);
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
  const decided = isGone ? 'suppressed archived' : needs ? withheld : null;
  const isSent = needs && decided === null;
  return {
    ...person,
    was,
    values,
    payload,
    decided,
    isSent,
    ...fateOf(world, { isLeaver: profile === null && decided === null, loses, was, now }),
    isKnown,
    isUncertain: was.state === 'exposed' && !world.isFresh,
    ours: new Set([...was.tags, ...mayAdd]),
    gains: isSent ? gains : new Set(),
    loses: isGone ? new Set() : loses,
  };
}

/** An empty value clears only what we had filled; one that does not fit is left alone. */
function rowOf({ address, profile, values, was, wants }: Change): Row {
  const isCarried = (tag: string) => values[tag] !== '' || tag in was.filled;
  const carried = pick(values, (tag) => profile?.values[tag] !== undefined && isCarried(tag));
  return { address, values: carried, tags: wants };
}

/** Moves the baseline by what was acknowledged, and returns the outcome. */
function settle(world: World, change: Change, { sent, off, archived }: Results): string {
  const { address, profile, keys, was, ours, values, payload, decided, isKnown, isUncertain } = change;
  const status = world.members.get(address)?.status ?? null;
  if (staysTagged(world, profile)) return `${was.keys[0]}, ${address}: ${decided ?? 'unchanged'}`;
  const results = [decided, sent, ...off.map(([, result]) => result), ...resultOf(archived)].filter(
    (result) => result !== null,
  );
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
    isCreated: was.isCreated || (isDone && !isKnown && !isUncertain),
    isOurs: archived === 'archived' || (was.isOurs && !(isDone && status !== 'archived')),
  };
  const isWithheld = [decided, sent].some((result) => WITHHELD.includes(result ?? ''));
  if (was !== NEW || next.state !== null || next.refusal !== null || isWithheld)
    world.held.set(address, next);
  const created = isUncertain ? 'created uncertain' : 'created';
  const kind = sent && !isKnown ? created : results.length > 0 ? 'updated' : 'unchanged';
  const success = profile ? kind : leftAs(archived, change);
  return `${next.keys[0]}, ${profile?.text ?? address}: ${worst === 'acknowledged' ? success : worst}`;
}
