import { sorted } from './sets';
import type { People, Profile, World } from './world';

// Whom an export is about; the part of the model that reads the source.

export const OUT = ['unsubscribed', 'cleaned', 'archived'];

/** Everybody selected with a good address, once; the others are told at once. */
export function findPeople(world: World, subjects: string[]): People {
  const people: People = new Map();
  for (const profile of sorted(world.profiles.values(), ({ key }) => key)) {
    const tags = profile.segments.flatMap((id) => world.config.segments[id] ?? []);
    const { key, text, address } = profile;
    const rule = profile.rule ?? brokenField(world, profile);
    const person = people.get(address);
    if (tags.length === 0) continue;
    if (rule) subjects.push(`${key}, ${text}: invalid ${rule}`);
    else if (person) subjects.push(`${key}, ${text}: duplicate ${person.profile.key}`);
    else people.set(address, { profile, wants: new Set(), keys: [] });
    if (rule) continue;
    people.get(address)!.keys.push(key);
    for (const tag of tags) people.get(address)!.wants.add(tag);
  }
  return people;
}

function brokenField({ config, required }: World, { values }: Profile): string | null {
  const demanded = config.fields.filter((tag) => required.includes(tag)).map((tag) => values[tag]);
  if (demanded.includes('')) return 'required_field_empty';
  return demanded.includes(undefined) ? 'value_does_not_fit' : null;
}

export function hasOptedOut({ members, held }: World, address: string): boolean {
  return (
    held.get(address)?.refusal?.outcome === 'suppressed forgotten' ||
    OUT.includes(members.get(address)?.status ?? '')
  );
}
