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
  /** Of `performance.now()`. */
  readonly arrived: number;
  operations: readonly Operation[];
  state: BatchState;
  total: number;
  finished: number;
  errored: number;
  /** Unix milliseconds; 0 = not completed. */
  completedAt: number;
  /** Where the tar.gz lies; '' = none. */
  archive: string;
  deleted: boolean;
  /** A runner has it. */
  taken: boolean;
  /** Held for ever in this state by a fault. */
  readonly stuckIn: BatchState | undefined;
  /** How often each state was shown to a client. */
  readonly shown: Record<BatchState, number>;
  /** Called when something happens that a waiting runner must look at. */
  wake: (() => void) | undefined;
}
