import type { EntryKind, ForgetOrder, Member, Profile, SuppressionList, World } from './world';
import { SEGMENTS } from './scene';

/** How long an address that signed up too often is refused. */
export const THROTTLED_MS = 600_000;

/** What others do to a member, at Mailchimp. */
export type Action =
  | 'unsubscribe'
  | 'clean'
  | 'archive'
  | 'subscribe'
  | 'delete-permanent'
  | 'throttle'
  | 'tag'
  | 'untag'
  | 'edit';

/** What is asked of an export, and what happens to it. */
export interface Order {
  readonly lane: 'batch' | 'direct';
  readonly allowMassRemoval: boolean;
  readonly answer: 'approved' | 'denied' | 'expired';
  /** The whole audience is read again. */
  readonly census: boolean;
  /** Those are sent again that Mailchimp has refused. */
  readonly retryRefused: boolean;
  readonly limit?: number;
  /** One of `TROUBLES`. */
  readonly trouble?: string;
  readonly cancelled?: 'before all' | 'after the first' | 'while stuck';
  /** The destination is to be removed, after an export of nothing. */
  readonly removal?: 'untag' | 'archive';
  /** It takes back an earlier export: the last one, or one so many before it. */
  readonly undo?: number;
  /** An undo that has completed is followed by another one of the same export. */
  readonly isRepeated?: boolean;
  /** It is not held after an export was taken back. */
  readonly allowAfterUndo?: boolean;
}

/** Those that people write. */
type WrittenList = Exclude<SuppressionList, 'store'>;

export type Step =
  | { readonly do: 'export'; readonly order: Order }
  /** The destination is removed, and all contacts stay as they are. */
  | { readonly do: 'remove' }
  | { readonly do: 'toggle field' }
  | { readonly do: 'toggle segment'; readonly segment: number }
  | { readonly do: 'choose leavers'; readonly leavers: World['config']['leavers'] }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'verify'; readonly repair: boolean }
  | ({ readonly do: 'forget' } & ForgetOrder)
  | {
      readonly do: 'suppress' | 'lift';
      readonly person: number;
      readonly kind: EntryKind;
      readonly list: WrittenList;
    }
  | { readonly do: 'lift all'; readonly list: WrittenList }
  | { readonly do: 'act'; readonly person: number; readonly action: Action; readonly tag: string }
  | {
      readonly do: 'profiles';
      readonly changes: readonly { readonly person: number; readonly change: ProfileChange }[];
    };

/** Nothing is asked of it, and nothing happens to it. */
export const PLAIN_ORDER: Order = {
  lane: 'direct',
  allowMassRemoval: true,
  answer: 'approved',
  census: false,
  retryRefused: false,
};
export const PLAIN_EXPORT: Step = { do: 'export', order: PLAIN_ORDER };

export type ProfileChange =
  | { readonly to: 'values'; readonly values: Profile['values'] }
  | { readonly to: 'segments'; readonly segments: readonly string[] }
  | { readonly to: 'text'; readonly dirt: Dirt }
  | { readonly to: 'address'; readonly dirt: Dirt }
  | { readonly to: 'address of'; readonly other: number }
  | { readonly to: 'merged into'; readonly other: number }
  | { readonly to: 'gone' };

/** What is made of a clean address, and the rule that it breaks then. */
export const DIRT = {
  clean: (address: string) => [address, null],
  padded: (address: string) => [`  ${address}\t`, null],
  'in capitals': (address: string) => [address.toUpperCase(), null],
  'with a no-break space': (address: string) => [`\u00A0${address}`, null],
  'with a zero-width space': (address: string) => [`${address}\u200B`, null],
  'with a written-out domain': (address: string) => [address.replace('xn--bcher-kva.ch', 'bücher.ch'), null],
  missing: () => [' ', 'email_missing'],
  'without an at sign': (address: string) => [address.replace('@', '.'), 'email_malformed'],
  'with a foreign letter': (address: string) => [`é${address}`, 'email_non_ascii_local_part'],
  twice: (address: string) => [`${address}, ${address}`, 'email_two_addresses'],
  'too long': (address: string) => [`${'x'.repeat(65)}${address}`, 'email_too_long'],
} as const satisfies Record<string, (address: string) => readonly [text: string, rule: string | null]>;
export type Dirt = keyof typeof DIRT;

export function withText(profile: Omit<Profile, 'text' | 'rule'>, dirt: Dirt): Profile {
  const [text, rule] = DIRT[dirt](profile.address);
  return { ...profile, text, rule };
}

/** Changes the world; false where the step makes no sense in it. */
export function changeProfile(world: World, person: number, change: ProfileChange): boolean {
  const profiles = [...world.profiles.values()];
  const profile = profiles[person % profiles.length];
  if (!profile) return false;
  const other = 'other' in change ? profiles[change.other % profiles.length]! : profile;
  switch (change.to) {
    case 'values':
      return put(world, { ...profile, values: change.values });
    case 'segments':
      return put(world, { ...profile, segments: change.segments });
    case 'text':
      return put(world, withText(profile, change.dirt));
    case 'address':
      return put(world, withText({ ...profile, address: `new-${profile.address}` }, change.dirt));
    case 'address of':
      return put(world, { ...profile, address: other.address, text: other.text, rule: other.rule });
    case 'merged into':
      if (other === profile) return false;
      world.profiles.delete(profile.key);
      return put(world, { ...other, address: profile.address, text: profile.text, rule: profile.rule });
    default:
      return world.profiles.size > 1 && world.profiles.delete(profile.key);
  }
}

function put(world: World, profile: Profile): boolean {
  world.profiles.set(profile.key, profile);
  return true;
}

/** The destination was removed, and is connected again under its name: nothing is known of anyone. */
export function forgetAll(world: World): void {
  world.held.clear();
  world.history.length = 0;
  world.isUndone = false;
  world.repairs.clear();
  world.census = null;
  world.heldFields = [];
  world.adopted.clear();
  for (const tag of Object.values(world.config.segments)) if (world.made.has(tag)) world.adopted.add(tag);
}

export function toggleField(world: World): boolean {
  const { fields } = world.config;
  world.config = { ...world.config, fields: fields.includes('AGE') ? ['FNAME'] : ['FNAME', 'AGE'] };
  return true;
}

export function toggleSegment(world: World, segment: number): boolean {
  const id = SEGMENTS[segment % SEGMENTS.length]!;
  const { [id]: tag, ...rest } = world.config.segments;
  if (tag && Object.keys(rest).length === 0) return false;
  world.config = { ...world.config, segments: tag ? rest : { ...rest, [id]: id } };
  if (tag) world.adopted.delete(tag);
  else if (world.made.has(id)) world.adopted.add(id);
  return true;
}

/** Applies an action of another Mailchimp user to the model. False: there is no member to apply it to. */
export function act(
  world: World,
  address: string,
  { action, tag }: { action: Action; tag: string },
): boolean {
  const member = world.members.get(address);
  // A tag that another user creates first is refused (TAG_TAKEN): test/workflows/destination/tags.long.test.ts.
  if (action === 'tag' && tag !== 'Other' && !world.made.has(tag)) return false;
  if (action === 'throttle') world.throttledUntil.set(address, world.now + THROTTLED_MS);
  else if (action === 'subscribe') {
    world.forgotten.delete(address);
    if (member) Object.assign(member, { status: 'subscribed', isLocked: false });
    else world.members.set(address, { status: 'subscribed', fields: {}, tags: new Set(), isLocked: false });
  } else if (!member) return false;
  else if (action === 'delete-permanent') {
    world.members.delete(address);
    world.forgotten.add(address);
  } else change(member, action, tag);
  return true;
}

function change(member: Member, action: Action, tag: string): void {
  if (action === 'unsubscribe') Object.assign(member, { status: 'unsubscribed', isLocked: true });
  if (action === 'clean') Object.assign(member, { status: 'cleaned', isLocked: true });
  if (action === 'archive') member.status = 'archived';
  if (action === 'tag') member.tags.add(tag);
  if (action === 'untag') member.tags.delete(tag);
  if (action === 'edit') member.fields['FNAME'] = 'Edited';
}
