import { sorted } from './sets';
import type { People, Profile, Selection, World } from './world';

// Which profiles an export selects: the part of the model that reads the source.

export const NOBODY: Selection = { people: new Map(), spared: new Map() };

export const OUT = ['unsubscribed', 'cleaned', 'archived'];

/** Selected profiles with a valid address, once each; the others go to `subjects`. A profile that is invalid by a field has not departed. */
export function findPeople(world: World, subjects: string[]): Selection {
  const people: People = new Map();
  const spared = new Map<string, Set<string>>();
  for (const profile of sorted(world.profiles.values(), ({ key }) => key)) {
    const tags = profile.segments.flatMap((id) => world.config.segments[id] ?? []);
    const { key, text, address } = profile;
    const rule = profile.rule ?? brokenField(world, profile);
    const person = people.get(address);
    if (tags.length === 0) continue;
    if (rule) subjects.push(`${key}, ${text}: invalid ${rule}`);
    else if (person) subjects.push(`${key}, ${text}: duplicate ${person.profile.key}`);
    else people.set(address, { profile, wants: new Set(), keys: [] });
    if (rule && !profile.rule) spared.set(address, new Set([...(spared.get(address) ?? []), ...tags]));
    if (rule) continue;
    people.get(address)!.keys.push(key);
    for (const tag of tags) people.get(address)!.wants.add(tag);
  }
  return { people, spared };
}

function brokenField({ config, required }: World, { values }: Profile): string | null {
  const demanded = config.fields.filter((tag) => required.includes(tag)).map((tag) => values[tag]);
  if (demanded.includes('')) return 'required_field_empty';
  return demanded.includes(undefined) ? 'value_does_not_fit' : null;
}

/** What we add people as is not their choice. */
export function hasOptedOut({ members, held, statusIfNew }: World, address: string): boolean {
  const status = members.get(address)?.status ?? '';
  // Archived by us.
  if (status === 'archived' && held.get(address)?.isOurs) return false;
  const isForgotten = held.get(address)?.refusal?.outcome === 'suppressed forgotten';
  return isForgotten || (OUT.includes(status) && status !== statusIfNew);
}

/** Whether one of these profiles had another address before, whose member opted out. */
export function hasObjected(world: World, address: string, keys: readonly string[]): boolean {
  const others = [...world.held].filter(([other]) => other !== address && hasOptedOut(world, other));
  return others.some(([, held]) => held.keys.some((key) => keys.includes(key)));
}
