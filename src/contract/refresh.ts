import { z } from 'zod';
import { distinctList } from './distinct-list';
import { DestinationIdSchema, NameSchema } from './identifiers';
import type { OutcomeCounts } from './outcome';
import type { Reason } from './reason';

/** More would make the result of a refresh larger than a quarter of what the server takes. */
export const MOST_DESTINATIONS = 1000;

/** Which destinations of the task queue a refresh exports. */
const RefreshTargetsSchema = z.union([
  z.strictObject({ all: z.literal(true) }).describe('All that are connected when the refresh runs.'),
  z
    .strictObject({ labels: distinctList(NameSchema, { least: 1, most: 20 }) })
    .describe('All that carry one of these labels when the refresh runs.'),
  z.strictObject({
    destinations: distinctList(DestinationIdSchema, { least: 1, most: MOST_DESTINATIONS }),
  }),
]);
/** Which destinations of the task queue a refresh exports. @useDeclaredType */
export type RefreshTargets = z.output<typeof RefreshTargetsSchema>;

/** What `mailchimpRefresh` takes, also as JSON from the Temporal CLI or from a schedule that was made by hand. */
export const RefreshInputSchema = z.strictObject({
  targets: RefreshTargetsSchema,
  whenSourceChanged: z
    .boolean()
    .default(false)
    .describe('Skip a destination whose source, matching and segments are as at its last complete export.'),
  atOnce: z
    .int()
    .min(1)
    .max(100)
    .default(4)
    .describe('Exports that run at the same time for one Mailchimp account.'),
  longestMinutes: z
    .int()
    .min(1)
    .max(7 * 24 * 60)
    .default(6 * 60)
    .describe('After this time the refresh ends; exports that have not ended go on, and are `unfinished`.'),
});
/** What `mailchimpRefresh` takes. */
export interface RefreshInput extends z.input<typeof RefreshInputSchema> {}
export type RefreshRequest = z.output<typeof RefreshInputSchema>;

/** Why a refresh did not ask a destination for an export. */
const SKIP_REASONS = [
  'source_unchanged',
  'not_configured',
  'consent_withdrawn',
  'removed',
  'not_found',
  'busy',
] as const;
/** Why a refresh did not ask a destination for an export. @useDeclaredType */
export type SkipReason = (typeof SKIP_REASONS)[number];

/** How a refresh ended for one destination. */
export const REFRESH_RESULTS = [
  'exported',
  'unchanged',
  'held',
  'stopped',
  'paused',
  'waiting',
  'cancelled',
  'denied',
  'failed',
  'unfinished',
  'skipped',
] as const;
/** How a refresh ended for one destination. @useDeclaredType */
export type RefreshResult = (typeof REFRESH_RESULTS)[number];

/** What became of one destination. Ids, counts and references only. */
export interface RefreshedDestination {
  readonly destinationId: string;
  /**
   * `unchanged`: the export ran, and nothing was to be sent. `held`, `stopped` and `paused`: the export, or the one before it, waits for a
   * person, and the refresh does not wait for it. `waiting`: it has waited for Mailchimp, or for its store, for more than ten minutes, and goes on by itself. `unfinished`: it had not ended when the refresh did; without `exportId`, it was not asked
   * for. `failed`: see `failure`.
   */
  readonly result: RefreshResult;
  /** Of a destination that was `skipped`. */
  readonly skipped?: SkipReason;
  /** The export; undefined where none was asked for. */
  readonly exportId?: string;
  readonly number?: number;
  /** The export was already running, or queued, when the refresh asked for it. */
  readonly hasJoined?: true;
  /** Of an export that has ended: its outcomes that are not 0. */
  readonly outcomes?: Partial<OutcomeCounts>;
  /** Of an export that failed or is stopped, or of a destination that could not be asked. */
  readonly failure?: Reason;
}

/** The result of `mailchimpRefresh`: one line for each destination, in the order of their names. */
export interface RefreshReport {
  /** In ISO 8601 and UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly destinations: readonly RefreshedDestination[];
  /** Destinations beyond a thousand, which were not asked. */
  readonly left: number;
}
