import { z } from 'zod';
import { DestinationIdSchema } from './identifiers';

/** Mailchimp's limit of simultaneous connections of one user, over all keys and tools. */
export const MOST_CONNECTIONS = 10;

/** As many names as a page shows. */
export const NAMED_DESTINATIONS = 8;

/** How many connections, of those that Mailchimp allows a user. */
const ConnectionsSchema = z.int().min(1).max(MOST_CONNECTIONS);

const CountSchema = z.int().min(0);

/** What a worker process says of itself when it asks for connections. */
export const LeaseRequestSchema = z.strictObject({
  /** The process: random, since two containers can have the same identity. */
  holder: z.uuid(),
  /** Counts the requests of the holder, so that one which arrives late changes nothing. */
  number: CountSchema,
  /** The worker's, for people. */
  identity: z.string().max(255),
  /** Names it to others on the same machine, which can see whether it runs. */
  process: z.string().max(100),
  /** `accounts.NAME.connections` of its configuration. */
  configured: ConnectionsSchema,
  /** Whether the answer may take a while, until something changes. */
  waits: z.boolean(),
  /** Connections that it has work for; 0: none. */
  wants: CountSchema,
  /** Connections that it may use until its lease ends. */
  connections: CountSchema,
  /** Connections that it uses, with those of requests without an answer. */
  inUse: CountSchema,
  /** As the last answer said. */
  isContended: z.boolean(),
  /** Number of destinations with work. */
  destinations: CountSchema,
  /** The first of them. */
  names: z.array(DestinationIdSchema).max(NAMED_DESTINATIONS),
});
export type LeaseRequest = z.output<typeof LeaseRequestSchema>;

/** What a holder gets. Durations, no times: clocks differ. */
export interface Lease {
  readonly connections: number;
  /** Connections of all holders together. */
  readonly budget: number;
  /** The lease ends so long after the holder asked. */
  readonly seconds: number;
  /** The holder asks again so long after the answer, while it has work. */
  readonly renewAfterSeconds: number;
  /** Other holders, or this one, have work for more connections than there are. */
  readonly isContended: boolean;
  /** Where it gets none: the processes that have some. */
  readonly others?: readonly string[];
}

/** A process that has ended without giving back: another one on its machine has seen it. */
export const GoneSchema = z.strictObject({ processes: z.array(z.string().max(100)).max(MOST_CONNECTIONS) });
export type Gone = z.output<typeof GoneSchema>;

/** A holder gives its connections back, but for those that it uses: of requests without an answer, when it ends. */
export const ReleaseSchema = LeaseRequestSchema.pick({ holder: true, number: true, inUse: true });
export type Release = z.output<typeof ReleaseSchema>;

/** Changes the budget while exports run. */
export const PaceSchema = z.strictObject({
  /** Null: that of the configuration. */
  connections: ConnectionsSchema.nullable(),
  /** Who asks, for people. */
  by: z.string().trim().min(1).max(200).optional(),
});
export type PaceRequest = z.output<typeof PaceSchema>;

/** A budget that was set while exports run. */
export interface Pace {
  readonly connections: number;
  /** ISO 8601. */
  readonly since: string;
  readonly by?: string;
}

/** A worker process that has connections, or waits for them. */
export interface HolderView {
  readonly identity: string;
  /** What it may use now; 0: it waits. */
  readonly connections: number;
  /** What it has used when it asked last. */
  readonly inUse: number;
  readonly wants: number;
  /** `accounts.NAME.connections` of its configuration. */
  readonly configured: number;
  /** Number of destinations with work, and the first of their names. */
  readonly destinations: number;
  readonly names: readonly string[];
  /** Since when it has connections, or waits. ISO 8601. */
  readonly since: string;
}

export interface AccountBudget {
  /** Connections of all holders together. Null: no holder has said what its configuration allows. */
  readonly budget: number | null;
  /** What the configurations of the holders say: of several, the smallest counts. */
  readonly configured: readonly number[];
  readonly pace: Pace | null;
  /** Those with connections first. */
  readonly holders: readonly HolderView[];
}
