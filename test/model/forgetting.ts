import { untag } from './mailchimp';
import { conceal, suppress } from './suppression';
import type { Ended, ForgetOrder, Held, World } from './world';

// What it means to forget a person: nothing is known of the contact, as if it had never been.

export interface Person {
  readonly key: string;
  readonly address: string;
}

/** Changes the world as the job must. @returns the addresses that were forgotten */
export function forget(
  world: World,
  { key, address }: Person,
  { by, mailchimp, keepOut }: ForgetOrder,
): readonly string[] {
  const addresses = by === 'key' ? addressesOf(world, key) : [address];
  for (const one of addresses) {
    leave(world, one, mailchimp);
    conceal(world, one);
    if (keepOut) suppress(world, 'store', { address: one, kind: 'keyed' });
    world.repairs.delete(one);
  }
  const isTheirs = (one: string) => addresses.includes(one);
  const keys = by === 'key' ? [key] : [];
  if (world.census) world.census = new Map([...world.census].filter(([one]) => !isTheirs(one)));
  forgetIn(world.held, isTheirs, keys);
  for (const ended of world.history) {
    forgetIn(ended.after, isTheirs, keys);
    for (const one of addresses) ended.touched.delete(one);
    for (const one of addresses) ended.people.delete(one);
    for (const profile of ended.profiles.values())
      if (keys.includes(profile.key) || (profile.rule === null && isTheirs(profile.address)))
        ended.profiles.delete(profile.key);
  }
  return addresses;
}

/** All addresses that exports have had of the profile, as the one that is shown first. */
function addressesOf({ history }: World, key: string): readonly string[] {
  const found = history.flatMap(({ after, profiles, config }: Ended) => {
    const held = [...after].filter(([, { keys }]) => keys[0] === key).map(([address]) => address);
    const profile = profiles.get(key);
    const isSelected = profile?.segments.some((id) => id in config.segments) === true;
    return [...held, ...(isSelected && profile?.rule === null ? [profile.address] : [])];
  });
  return [...new Set(found)];
}

function leave(world: World, address: string, fate: ForgetOrder['mailchimp']): void {
  if (fate === 'untag') for (const tag of world.held.get(address)?.tags ?? []) untag(world, address, tag);
  if (fate === 'delete' && world.members.delete(address)) world.forgotten.add(address);
}

function forgetIn(
  held: Map<string, Held>,
  isTheirs: (address: string) => boolean,
  keys: readonly string[],
): void {
  for (const [address, known] of held) {
    if (isTheirs(address)) held.delete(address);
    else held.set(address, { ...known, keys: known.keys.filter((key) => !keys.includes(key)) });
  }
}
