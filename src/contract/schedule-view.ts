import type { Reason } from './reason';
import type { RefreshReport } from './refresh';
import type { ScheduleRequest } from './schedule';

/** A schedule, as Temporal has it. Times are in ISO 8601 and UTC. */
export interface ScheduleView {
  readonly name: string;
  /** As they were given, with their defaults; null: not known, since the schedule was changed in Temporal, or by a newer version. */
  readonly settings: ScheduleRequest | null;
  /** From `destinations.<name>.schedule` of a configuration file, so that `sync` may change and delete it. */
  readonly isFromFile: boolean;
  readonly isPaused: boolean;
  /** Who paused it, or let it go on, and why; null: no one has yet. */
  readonly note: string | null;
  /** The next times, at most ten, with the jitter; none while it is paused. */
  readonly next: readonly string[];
  /** When the last refresh was started; null: none yet. */
  readonly lastStartedAt: string | null;
  /** How many refreshes were started; left out, because the one before still ran; and missed, because an outage was longer than the catch-up window. */
  readonly counts: { readonly started: number; readonly skipped: number; readonly missed: number };
  readonly createdAt: string;
  /** Why this client cannot decode its settings, which are null then. Undefined: it can, or they were changed in Temporal. */
  readonly unreadable?: Reason;
}

/** How the workflow of a refresh stands, in Temporal's words. */
export type ScheduledRunStatus =
  'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed_out';

/** A refresh that a schedule has started. Times are in ISO 8601 and UTC. */
export interface ScheduledRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: ScheduledRunStatus;
  readonly startedAt: string;
  /** Null: it runs. */
  readonly endedAt: string | null;
  /** What became of each destination; null unless the status is `completed`. */
  readonly report: RefreshReport | null;
  /** Why it failed. */
  readonly failure: Reason | null;
}

/** A schedule with the last refreshes that it has started. */
export interface ScheduleDetails extends ScheduleView {
  /** Latest first, at most ten. A new one can take a second to appear. */
  readonly runs: readonly ScheduledRun[];
}
