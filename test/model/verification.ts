import { OUT } from './selection';
import { minus } from './sets';
import type { Held, World } from './world';

// What a verification finds: how contacts differ from what exports have left.

/** A contact that differs, in words that can be compared. */
type Drift = string;

export interface VerifyResult {
  readonly status: string;
  /** `class: key, address: status; what`, sorted. */
  readonly drift: readonly Drift[];
  readonly compared: number;
  readonly inAudience: number;
  readonly gone: number;
  readonly optedOut: number;
  readonly notComparable: number;
  readonly repaired: number;
}

const NOTHING: VerifyResult = {
  status: 'completed',
  drift: [],
  compared: 0,
  inAudience: 0,
  gone: 0,
  optedOut: 0,
  notComparable: 0,
  repaired: 0,
};

const OPTED_OUT = ['unsubscribed', 'cleaned'];

/** Compares the audience with what was acknowledged; changes the world as a repair must. */
export function verify(world: World, { repair }: { readonly repair: boolean }): VerifyResult {
  const { held, members, history, repairs } = world;
  if (history.length === 0) return NOTHING;
  const addresses = new Set([...held.keys(), ...members.keys()]);
  const found = [...addresses].map((address) => ({ address, ...compare(world, address) }));
  const ours = found.filter(({ classes }) => classes.some(([name]) => REPAIRED.includes(name)));
  if (repair) for (const { address } of ours) repairs.add(address);
  const tagged = [...held].flatMap(([address, { tags }]) =>
    tags.size > 0 ? [members.get(address)?.status ?? 'archived'] : [],
  );
  const drift = found.flatMap(({ address, classes }) =>
    classes.map(
      ([name, what]) =>
        `${name}: ${held.get(address)?.keys[0] ?? ''}, ${address}: ${members.get(address)?.status ?? ''}; ${what}`,
    ),
  );
  return {
    status: 'completed',
    drift: drift.toSorted(),
    compared: [...held.values()].filter(isProven).length,
    inAudience: tagged.filter((status) => status !== 'archived').length,
    gone: tagged.filter((status) => status === 'archived').length,
    optedOut: tagged.filter((status) => OPTED_OUT.includes(status)).length,
    notComparable: found.filter(({ isBlind }) => isBlind).length,
    repaired: repair ? ours.length : 0,
  };
}

const REPAIRED = ['field_changed', 'tag_removed'];

/** What was sent is acknowledged, and the contact should be in the audience. */
function isProven({ state, isPresent, tags, isOurs, refusal }: Held): boolean {
  const isDeleted = refusal?.outcome === 'suppressed forgotten';
  return state === 'proven' && (isPresent || tags.size > 0) && !isOurs && !isDeleted;
}

interface Compared {
  readonly classes: readonly (readonly [name: string, what: string])[];
  /** It has another value in a field, and what was sent is no longer known. */
  readonly isBlind: boolean;
}

const has = (name: string, what: string, isIt: boolean) => (isIt ? [[name, what] as const] : []);

function compare(world: World, address: string): Compared {
  const known = world.held.get(address);
  const member = world.members.get(address);
  const isKnown = known !== undefined && isProven(known);
  const isWritable = member !== undefined && !OUT.includes(member.status);
  const was = known?.status ?? '';
  const others = Object.entries(isKnown && isWritable ? known.filled : {})
    .filter(([tag, value]) => (member!.fields[tag] ?? '') !== value)
    .map(([tag]) => tag);
  const isSent = (tag: string) =>
    world.history.at(-1)!.people.get(address)?.values[tag] === known?.filled[tag];
  const lost = isKnown && isWritable ? minus(known.tags, member.tags) : new Set<string>();
  const foreign = world.census?.get(address)?.tags ?? new Set();
  const isClear = known?.state !== 'exposed';
  const carried = isWritable && isClear ? [...member.tags].filter((tag) => oursOf(world).has(tag)) : [];
  const gained = minus(carried, known?.tags ?? new Set(), foreign);
  const changed = others.filter(isSent);
  return {
    classes: [
      ...has('missing', '', isKnown && member === undefined),
      ...has('archived', '', isKnown && member?.status === 'archived' && was !== 'archived'),
      ...has('opted_out', '', isKnown && isOptedOut(member?.status) && !isOptedOut(was)),
      ...has('field_changed', list(changed), changed.length > 0),
      ...has('tag_removed', list(lost), lost.size > 0),
      ...has('tag_added', list(gained), gained.size > 0),
    ],
    isBlind: others.some((tag) => !isSent(tag)),
  };
}

function isOptedOut(status = ''): boolean {
  return OPTED_OUT.includes(status);
}

/** Tags of the destination: those that are configured, and those that contacts still carry by it. */
function oursOf({ config, held, made }: World): ReadonlySet<string> {
  const all = [...Object.values(config.segments), ...[...held.values()].flatMap(({ tags }) => [...tags])];
  return new Set(all.filter((tag) => made.has(tag)));
}

function list(items: Iterable<string>): string {
  return [...items].toSorted().join(', ');
}
