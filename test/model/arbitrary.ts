import * as fc from '../support/fast-check';
import { DEFAULT_SWITCHES, type SandboxSwitches } from '../../src/sandbox';
import { OTHER_ENDS, TROUBLES } from './conditions';
import type { Member, Profile, World } from './world';
import { LONG, SEGMENTS } from './scene';
import {
  DIRT,
  PLAIN_EXPORT,
  PLAIN_ORDER,
  THROTTLED_MS,
  withText,
  type Action,
  type Dirt,
  type Order,
  type ProfileChange,
  type Step,
} from './steps';

/** A small world, and what happens in it. */
export interface Case {
  readonly people: readonly Seed[];
  readonly segments: number;
  readonly statusIfNew: World['statusIfNew'];
  readonly isNameRequired: boolean;
  readonly holdsRemovals: boolean;
  /** Default: `untag`. */
  readonly leavers?: World['config']['leavers'];
  readonly switches: Readonly<Partial<SandboxSwitches>>;
  readonly steps: readonly Step[];
}

export interface Seed {
  readonly kind: keyof typeof KINDS;
  readonly dirt: Dirt;
  readonly values: Profile['values'];
  readonly segments: readonly string[];
  readonly member: {
    readonly status: string;
    readonly tags: readonly string[];
    readonly values: Readonly<Record<string, string>>;
  } | null;
}

/** Addresses that Mailchimp treats each in a way of its own. */
const KINDS = {
  ordinary: (number: number) => `person${number}@mail.chinook.org`,
  fake: (number: number) => `person${number}@example.com`,
  role: (number: number) => `postmaster@mail${number}.chinook.org`,
  foreign: (number: number) => `person${number}@xn--bcher-kva.ch`,
  throttled: (number: number) => `throttled${number}@mail.chinook.org`,
};

const values = fc.record({
  FNAME: fc.constantFrom('Ann', 'Zoë "Z" O’Hara', 'Bob', '', LONG),
  AGE: fc.constantFrom('7', '42', '', undefined),
});

const segments = fc.oneof(
  { weight: 5, arbitrary: fc.subarray([...SEGMENTS], { minLength: 1 }) },
  { weight: 1, arbitrary: fc.constant([]) },
);
const tag = fc.constantFrom(...SEGMENTS, 'Other');
const dirts = (Object.keys(DIRT) as Dirt[]).map((dirt) => [dirt, DIRT[dirt]('a@b')[1] === null] as const);
const dirt = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Dirt>('clean') },
  { weight: 3, arbitrary: fc.constantFrom(...dirts.flatMap(([dirt, isGood]) => (isGood ? dirt : []))) },
  { weight: 1, arbitrary: fc.constantFrom(...dirts.flatMap(([dirt, isGood]) => (isGood ? [] : dirt))) },
);

const seed: fc.Arbitrary<Seed> = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant('ordinary' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'fake' as const,
        'throttled' as const,
        'throttled' as const,
        'role' as const,
        'foreign' as const,
      ),
    },
  ),
  dirt,
  values,
  segments,
  member: fc.option(
    fc.record({
      status: fc.constantFrom(
        'subscribed',
        'subscribed',
        'unsubscribed',
        'cleaned',
        'pending',
        'transactional',
        'archived',
      ),
      tags: fc.uniqueArray(tag, { maxLength: 2 }),
      values: fc.record({ FNAME: fc.constantFrom('Theirs', ''), AGE: fc.constantFrom('', '1') }),
    }),
    { freq: 2 },
  ),
});

const CANCELLED = ['before all', 'after the first', 'while stuck', 'while stuck'] as const;
const person = fc.nat({ max: 11 });
const profileChange: fc.Arbitrary<ProfileChange> = fc.oneof(
  fc.record({ to: fc.constant('values' as const), values }),
  fc.record({ to: fc.constant('values' as const), values }),
  fc.record({ to: fc.constant('segments' as const), segments }),
  fc.record({ to: fc.constant('text' as const), dirt }),
  fc.record({ to: fc.constant('address' as const), dirt }),
  fc.record({ to: fc.constant('address of' as const), other: person }),
  fc.record({ to: fc.constant('address of' as const), other: person }),
  fc.record({ to: fc.constant('address of' as const), other: person }),
  fc.record({ to: fc.constant('merged into' as const), other: person }),
  fc.record({ to: fc.constant('segments' as const), segments: fc.constant([]) }),
  fc.record({ to: fc.constant('gone' as const) }),
);

const ACTED: readonly Action[] = [
  'unsubscribe',
  'clean',
  'archive',
  'subscribe',
  'delete-permanent',
  'throttle',
  'tag',
  'untag',
  'edit',
];

const order: fc.Arbitrary<Order> = fc
  .record({
    lane: fc.constantFrom('batch' as const, 'batch' as const, 'direct' as const),
    census: fc.oneof(
      { weight: 3, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    retryRefused: fc.oneof(
      { weight: 3, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    answer: fc.constantFrom('approved' as const, 'denied' as const, 'expired' as const),
    allowAfterUndo: fc.boolean(),
    allowMassRemoval: fc.oneof(
      { weight: 3, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      { weight: 2, arbitrary: fc.record({ limit: fc.integer({ min: 1, max: 4 }) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          trouble: fc.constantFrom(...Object.keys(TROUBLES)),
        }),
      },
      { weight: 3, arbitrary: fc.record({ cancelled: fc.constantFrom(...CANCELLED) }) },
    ),
  })
  .map(({ what, ...rest }) => {
    const order: Order = { ...rest, ...what };
    // Nothing gets stuck but a batch.
    return order.cancelled === 'while stuck' ? { ...order, lane: 'batch' } : order;
  });

/** An export that does not read the source has no options of its own but for its lane and the guard. */
function withoutOptions(given: Order): Order {
  const { limit: _, ...rest } = given;
  return { ...rest, census: false, retryRefused: false };
}

const removal: fc.Arbitrary<Order> = fc
  .tuple(order, fc.constantFrom('untag' as const, 'archive' as const))
  .map(([given, removal]) => ({ ...withoutOptions(given), removal }));

/** Mostly of the last export. */
const undo: fc.Arbitrary<Order> = fc
  .tuple(order, fc.constantFrom(0, 0, 0, 1, 2), fc.boolean())
  .map(([given, undo, isRepeated]) => ({ ...withoutOptions(given), undo, isRepeated }));

const list = fc.constantFrom('destination' as const, 'account' as const);
const entry = {
  person,
  kind: fc.constantFrom('address' as const, 'address' as const, 'sha256' as const, 'md5' as const),
  list,
};

/** What people ask for besides exports. */
const request: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('verify' as const), repair: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('forget' as const),
      person,
      by: fc.constantFrom('address' as const, 'key' as const),
      mailchimp: fc.constantFrom('keep' as const, 'untag' as const, 'delete' as const),
      keepOut: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('suppress' as const), ...entry }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lift' as const), ...entry }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lift all' as const), list }) },
);

const leavers = fc.constantFrom('untag' as const, 'archive' as const, 'archive' as const, 'keep' as const);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({ do: fc.constant('export' as const), order }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('export' as const), order: removal }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('export' as const), order: undo }) },
  { weight: 7, arbitrary: request },
  { weight: 1, arbitrary: fc.constant({ do: 'remove' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'toggle field' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('choose leavers' as const), leavers }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 20, 2000, 4000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('toggle segment' as const), segment: fc.nat({ max: 2 }) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('profiles' as const),
      changes: fc.array(fc.record({ person, change: profileChange }), {
        minLength: 1,
        maxLength: 4,
        size: 'max',
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('act' as const), person, action: fc.constantFrom(...ACTED), tag }),
  },
);

const STUCK_EXPORT: Step = {
  do: 'export',
  order: { ...PLAIN_ORDER, lane: 'batch', cancelled: 'while stuck' },
};

/** Most of what can go wrong needs something that was exported before, or that may have been. */
const afterExport: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.constantFrom(PLAIN_EXPORT, PLAIN_EXPORT, STUCK_EXPORT),
    fc.array(step, { minLength: 1, maxLength: 5 }),
  )
  .map(([first, steps]) => [first, ...steps]);

const undone = fc.record({ do: fc.constant('export' as const), order: undo });

/** An export that changes something is taken back; what was asked for since, and what follows, may be anything. */
const afterUndo: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(step, { minLength: 1, maxLength: 2 }),
    fc.oneof(fc.constant(PLAIN_EXPORT), fc.record({ do: fc.constant('export' as const), order })),
    fc.array(request, { maxLength: 1 }),
    undone,
    fc.array(fc.oneof(request, undone), { maxLength: 1 }),
  )
  .map((parts) => [PLAIN_EXPORT, ...parts.flat()]);

/** Mostly what is likelier; else one or several questions answered the other way. */
const switches = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constantFrom(...OTHER_ENDS) },
  // Together they leave rows without proof.
  { weight: 1, arbitrary: fc.constant({ optedOutTakesUpdates: false, unchangedRowInReply: false }) },
  {
    weight: 3,
    arbitrary: fc.subarray(OTHER_ENDS, { minLength: 2 }).map((ends) => Object.assign({}, ...ends) as object),
  },
);

export const cases: fc.Arbitrary<Case> = fc.noBias(
  fc.record({
    people: fc.array(seed, { minLength: 3, maxLength: 12, size: 'max' }),
    segments: fc.integer({ min: 1, max: SEGMENTS.length }),
    statusIfNew: fc.constantFrom('subscribed', 'subscribed', 'pending', 'unsubscribed', 'transactional'),
    isNameRequired: fc.boolean(),
    holdsRemovals: fc.boolean(),
    leavers,
    switches,
    steps: fc.oneof(fc.array(step, { minLength: 1, maxLength: 6 }), afterExport, afterUndo),
  }),
);

export function worldOf(given: Case, now: number): World {
  const { people, segments, statusIfNew, isNameRequired, holdsRemovals, leavers = 'untag', switches } = given;
  const chosen = SEGMENTS.slice(0, segments);
  const made = new Set<string>(people.flatMap(({ member }) => member?.tags ?? []));
  const profiles = people.map((seed, index) => {
    const address = KINDS[seed.kind](index);
    return [
      address,
      withText({ key: `k${index + 10}`, address, values: seed.values, segments: seed.segments }, seed.dirt),
      seed.member,
    ] as const;
  });
  return {
    now,
    statusIfNew,
    holdsRemovals,
    required: isNameRequired ? ['FNAME'] : [],
    switches: { ...DEFAULT_SWITCHES, ...switches },
    profiles: new Map(profiles.map(([, profile]) => [profile.key, profile])),
    members: new Map(
      profiles.flatMap(([address, , member]) => (member ? [[address, memberOf(member)] as const] : [])),
    ),
    forgotten: new Set(),
    throttledUntil: new Map(
      people.flatMap((seed, number) =>
        seed.kind === 'throttled' ? [[KINDS.throttled(number), now + THROTTLED_MS] as const] : [],
      ),
    ),
    config: {
      fields: ['FNAME', 'AGE'],
      segments: Object.fromEntries(chosen.map((id) => [id, id])),
      leavers,
    },
    census: null,
    held: new Map(),
    heldFields: [],
    made,
    adopted: new Set(chosen.filter((id) => made.has(id))),
    history: [],
    isUndone: false,
    repairs: new Set(),
    suppressed: { destination: new Set(), account: new Set(), store: new Set() },
  };
}

function memberOf({ status, tags, values }: NonNullable<Seed['member']>): Member {
  return {
    status,
    fields: { ...values },
    tags: new Set(tags),
    isLocked: status === 'unsubscribed' || status === 'cleaned',
  };
}

/** Whether Mailchimp takes updates of people who opted out is not sure anyway. */
export function withoutOptOut(seed: Seed): Seed {
  return { ...seed, member: seed.member && { ...seed.member, status: 'subscribed' } };
}
