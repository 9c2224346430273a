import { takeCensus, untag, upsert } from './mailchimp';
import { minus, pick, sorted } from './sets';
import {
  NEW,
  type Asked,
  type Change,
  type Counted,
  type Counts,
  type Held,
  type People,
  type Profile,
} from './world';
import type { Results, Told, World } from './world';

// What an export means, said once more from the contract alone. Nothing of what is tested is imported, and nothing is normalised.

const MINUTE = 60_000;
const WAITS = [5, 1440, 2 * 1440, 7 * 1440].map((minutes) => minutes * MINUTE);
const WORST = ['acknowledged', 'not_sent', 'suppressed', 'throttled', 'rejected', 'unproven'];
const rank = (result: string) => WORST.indexOf(result.split(' ')[0]!);

/** One export: changes the world as it may be changed, and tells what is to be told. */
export function exportOnce(world: World, asked: Asked): Told {
  const census = (!asked.census && world.census) || takeCensus(world);
  const ending = asked.isCancelled ? 'cancelled' : 'completed';
  const told = { ending, subjects: [] as string[], reach: {}, pairs: {} };
  const people = findPeople(world, told.subjects);
  const changes = findChanges({ ...world, census }, people);
  if (told.subjects.length + people.size === 0) return { ...told, ending: 'SOURCE_EMPTY' };
  world.census = census;
  const needy = changes.filter(({ isSent, loses }) => isSent || loses.size > 0);
  for (const change of needy.slice(asked.test ?? Infinity)) putOff(change);
  const isHeld = !asked.allowMassRemoval && asked.answer !== 'approved' && isMassRemoval(world, changes);
  if (isHeld) told.ending = asked.answer;
  const fate = isHeld ? () => 'not_sent' : asked.fate;
  for (const change of changes) {
    const { address, wants, loses, isSent } = change;
    const row = { address, values: carried(change), tags: wants };
    const sent = isSent ? (fate(address) ?? upsert(world, row)) : null;
    const off = [...loses].map((tag) => [tag, fate(address, tag) ?? untag(world, address, tag)] as const);
    told.subjects.push(settle(world, change, { sent, off }));
    count(told, change, { sent, off, status: world.members.get(address)?.status ?? '' });
  }
  world.heldFields = world.config.fields;
  for (const held of world.held.values())
    held.filled = pick(held.filled, (tag) => world.config.fields.includes(tag));
  return { ...told, subjects: told.subjects.toSorted() };
}

/** Everybody selected with a good address, once; the others are told at once. */
function findPeople(world: World, subjects: string[]): People {
  const people: People = new Map();
  for (const profile of sorted(world.profiles.values(), ({ key }) => key)) {
    const tags = profile.segments.flatMap((id) => world.config.segments[id] ?? []);
    const { key, text, address } = profile;
    const rule = profile.rule ?? brokenField(world, profile);
    const person = people.get(address);
    if (tags.length === 0) continue;
    if (rule) subjects.push(`${key}, ${text}: invalid ${rule}`);
    else if (person) subjects.push(`${key}, ${text}: duplicate ${person.profile.key}`);
    else people.set(address, { profile, wants: new Set(tags) });
    if (!rule && person) for (const tag of tags) person.wants.add(tag);
  }
  return people;
}

/** By key, with whoever has left. */
function findChanges(world: World, people: People): Change[] {
  const changes = [...people].map(([address, person]) => compare(world, { address, ...person }));
  const gone = { profile: null, wants: new Set<string>() };
  for (const [address, { isPresent }] of world.held)
    if (isPresent && !people.has(address)) changes.push(compare(world, { address, ...gone }));
  return sorted(changes, ({ profile, was, address }) => `${profile?.key ?? was.key} ${address}`);
}

function brokenField({ config, required }: World, { values }: Profile): string | null {
  const demanded = config.fields.filter((tag) => required.includes(tag)).map((tag) => values[tag]);
  if (demanded.includes('')) return 'required_field_empty';
  return demanded.includes(undefined) ? 'value_does_not_fit' : null;
}

function compare(world: World, person: Pick<Change, 'address' | 'profile' | 'wants'>): Change {
  const { address, profile, wants } = person;
  const was = world.held.get(address) ?? NEW;
  const found = world.census?.get(address);
  const mayAdd = minus(wants, minus(found ?? new Set(), was.tags));
  const valueOf = (tag: string) => profile?.values[tag] ?? was.filled[tag] ?? '';
  const values = Object.fromEntries(world.config.fields.map((tag) => [tag, valueOf(tag)]));
  const payload = JSON.stringify([values, [...wants].toSorted()]);
  const gains = was.state === 'exposed' ? mayAdd : minus(mayAdd, was.tags);
  const isNew = (tag: string) => values[tag] !== (was.filled[tag] ?? '') || !world.heldFields.includes(tag);
  const needs =
    profile !== null && (was.state !== 'proven' || gains.size > 0 || world.config.fields.some(isNew));
  const isWithheld =
    world.members.get(address)?.status === 'archived' && (needs || was.tags.size > wants.size);
  const isRefused = needs && was.refusal?.payload === payload && world.now < was.refusal.until;
  const decided = isWithheld ? 'suppressed archived' : isRefused ? was.refusal!.outcome : null;
  const isSent = needs && decided === null;
  return {
    ...person,
    was,
    values,
    payload,
    decided,
    isSent,
    isKnown: found !== undefined || was.isMember,
    ours: new Set([...was.tags, ...mayAdd]),
    gains: isSent ? gains : new Set(),
    loses: isWithheld ? new Set() : minus(was.tags, wants),
  };
}

/** People lose the tag of a segment that nobody is in or that is not chosen any more. */
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

/** Moves what is known by what was acknowledged, and tells the outcome. */
function settle(world: World, change: Change, { sent, off }: Results): string {
  const { address, profile, was, ours, values, payload, decided, isKnown } = change;
  const results = [decided, sent, ...off.map(([, result]) => result)].filter((result) => result !== null);
  const worst = sorted(results, (result) => String(rank(result))).at(-1) ?? 'acknowledged';
  const isDone = sent === 'acknowledged';
  const isTaken = isDone || sent === 'unproven';
  const isRefused = sent !== null && sent !== 'not_sent' && !isTaken;
  const times = isRefused && was.refusal?.payload === payload ? was.refusal.times + 1 : 1;
  const until = sent?.startsWith('throttled') ? world.now + WAITS[Math.min(times, 4) - 1]! : Infinity;
  const gone = new Set(off.filter(([, result]) => result === 'acknowledged').map(([tag]) => tag));
  const tags = minus(isTaken ? ours : was.tags, gone);
  const arrived = pick(values, (tag) => values[tag] !== '');
  const isOff = !profile && worst === 'acknowledged';
  const proven = isDone || (isOff && was.state) ? 'proven' : was.state;
  const refusal = isRefused ? { payload, outcome: sent, times, until } : isDone ? null : was.refusal;
  const next: Held = {
    key: profile?.key ?? was.key,
    tags,
    refusal,
    filled: isDone ? arrived : isTaken ? { ...was.filled, ...arrived } : was.filled,
    state: worst === 'unproven' ? 'exposed' : proven,
    isMember: isKnown || isDone,
    isPresent: profile ? isTaken || was.isPresent : !isOff,
  };
  if (was !== NEW || next.state !== null || next.refusal !== null) world.held.set(address, next);
  const kind = sent && !isKnown ? 'created' : results.length > 0 ? 'updated' : 'unchanged';
  const success = profile ? kind : 'removed';
  return `${next.key}, ${profile?.text ?? address}: ${worst === 'acknowledged' ? success : worst}`;
}

function count({ reach, pairs }: Counts, { gains }: Change, { sent, off, status }: Counted): void {
  const add = (tag: string, how: string) => {
    pairs[tag] ??= { tagged: 0, untagged: 0, failed: 0 };
    pairs[tag][how]! += 1;
  };
  if (sent === 'acknowledged') reach[status] = (reach[status] ?? 0) + 1;
  for (const tag of gains) add(tag, sent === 'acknowledged' ? 'tagged' : 'failed');
  for (const [tag, result] of off) add(tag, result === 'acknowledged' ? 'untagged' : 'failed');
}
