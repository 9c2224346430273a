import { type Case, type Seed, worldOf } from '../model/arbitrary';
import { LONG, SEGMENTS } from '../model/scene';
import { act, type Action, changeProfile, DIRT, type Dirt, type ProfileChange } from '../model/steps';
import type { Member, Profile, World } from '../model/world';
import type { Random } from './random';

const DIRTS = Object.keys(DIRT) as Dirt[];
const STATUSES = ['subscribed', 'subscribed', 'subscribed', 'unsubscribed', 'cleaned', 'pending', 'archived'];

/** A change that another tool or a contact makes, in the words of the sandbox. */
export interface Deed {
  readonly email: string;
  readonly action: Action;
  readonly tag: string;
}

/** Some hundreds of profiles, seldom thousands; some of them are members already. */
export function randomWorld(random: Random): World {
  const count = random.chance(0.1) ? random.between(2000, 5000) : random.between(200, 1200);
  const isWide = random.chance(0.3);
  const people = Array.from({ length: count }, () => randomSeed(random, isWide));
  const given: Case = {
    people,
    segments: random.between(1, SEGMENTS.length),
    statusIfNew: random.pick(['subscribed', 'subscribed', 'pending', 'transactional']),
    isNameRequired: random.chance(0.2),
    holdsRemovals: false,
    switches: {},
    steps: [],
  };
  return worldOf(given, Date.now());
}

function randomSeed(random: Random, isWide: boolean): Seed {
  return {
    kind: random.chance(0.95) ? 'ordinary' : random.pick(['fake', 'role', 'foreign']),
    dirt: random.chance(0.9) ? 'clean' : random.pick(DIRTS),
    values: randomValues(random, isWide),
    segments: random.some(SEGMENTS, 0.6),
    member: random.chance(0.3)
      ? {
          status: random.pick(STATUSES),
          tags: random.chance(0.3) ? ['Other'] : [],
          values: { FNAME: random.pick(['Theirs', '']), AGE: '' },
        }
      : null,
  };
}

function randomValues(random: Random, isWide: boolean): Profile['values'] {
  return {
    FNAME: isWide ? LONG : random.pick(['Ann', 'Zoë "Z" O’Hara', 'Bob', '', LONG]),
    AGE: random.pick(['7', '42', '', undefined]),
  };
}

/** What changes in the source between two exports. */
export function changeProfiles(world: World, random: Random): void {
  const changes = Math.ceil(world.profiles.size * random.pick([0, 0.01, 0.05, 0.2]));
  for (let place = 0; place < changes; place += 1)
    changeProfile(world, random.between(0, world.profiles.size - 1), randomChange(world, random));
}

function randomChange(world: World, random: Random): ProfileChange {
  const other = random.between(0, world.profiles.size - 1);
  return random.pick<ProfileChange>([
    { to: 'values', values: randomValues(random, false) },
    { to: 'values', values: randomValues(random, false) },
    { to: 'segments', segments: random.some(SEGMENTS, 0.5) },
    { to: 'segments', segments: [] },
    { to: 'text', dirt: random.pick(DIRTS) },
    { to: 'address', dirt: 'clean' },
    { to: 'address of', other },
    { to: 'merged into', other },
    { to: 'gone' },
  ]);
}

/** What people and other tools do between two exports: anything. The model's audience changes with it. */
export function actBetween(world: World, random: Random): Deed[] {
  const actions: Action[] = [
    'unsubscribe',
    'clean',
    'archive',
    'subscribe',
    'delete-permanent',
    'tag',
    'untag',
    'edit',
  ];
  const profiles = [...world.profiles.values()];
  const deeds = Array.from({ length: random.between(0, 8) }, () => ({
    email: random.pick(profiles).address,
    action: random.pick(actions),
    tag: random.pick([...SEGMENTS, 'Other', 'Other']),
  }));
  return deeds.filter((deed) => act(world, deed.email, deed));
}

/**
 * What they do while an export runs: only what comes to the same before and after it, but for an opt-out, which may also be withheld.
 * So a person who opts out has one profile, and no address from before.
 */
export function actDuring(world: World, random: Random): Deed[] {
  const known = [...world.members].filter(([address, member]) => isSteady(world, address, member));
  if (known.length === 0) return [];
  const chosen = new Set(Array.from({ length: random.between(0, 12) }, () => random.pick(known)[0]));
  const deeds = [...chosen].map((email) => ({
    email,
    action: random.pick<Action>(['unsubscribe', 'clean', 'tag', 'untag']),
    tag: 'Other',
  }));
  return deeds.filter((deed) => act(world, deed.email, deed));
}

function isSteady(world: World, address: string, { status, isLocked }: Member): boolean {
  if (status !== 'subscribed' || isLocked) return false;
  if (world.census !== null && !world.census.has(address) && !world.held.get(address)?.isMember) return false;
  const { keys } = world.held.get(address) ?? { keys: [] };
  const profiles = [...world.profiles.values()].filter((profile) => profile.address === address);
  const all = new Set([...keys, ...profiles.map(({ key }) => key)]);
  if (all.size > 1) return false;
  const isElsewhere = [...world.held].some(
    ([other, held]) => other !== address && held.keys.some((key) => all.has(key)),
  );
  return !isElsewhere && profiles.length === 1;
}
