import type { BatchState } from '../options';

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly operationId: string | null;
}

export interface Batch {
  readonly id: string;
  /** Unix seconds. */
  readonly submittedAt: number;
  /** Value of `performance.now()`. */
  readonly arrived: number;
  operations: readonly Operation[];
  state: BatchState;
  total: number;
  finished: number;
  errored: number;
  /** Unix milliseconds; 0 = not completed. */
  completedAt: number;
  /** Path of the tar.gz; '' = none. */
  archive: string;
  deleted: boolean;
  /** Whether a runner processes it. */
  taken: boolean;
  /** The state that a fault keeps it in. */
  readonly stuckIn: BatchState | undefined;
  /** How often a client has read each state. */
  readonly shown: Record<BatchState, number>;
  /** Called to wake a waiting runner when something has changed. */
  wake: (() => void) | undefined;
}
