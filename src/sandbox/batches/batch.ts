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
  stuckIn: BatchState | undefined;
  /** The state from which on it is answered with 404, although it runs. */
  readonly vanishesIn: BatchState | undefined;
  /** How often a client has read each state. */
  readonly shown: Record<BatchState, number>;
  /** Called to wake a waiting runner when something has changed. */
  wake: (() => void) | undefined;
}

/** A batch that has just arrived, or arrives again after a restart. */
export function newBatch(
  { id, submittedAt }: Pick<Batch, 'id' | 'submittedAt'>,
  operations: readonly Operation[],
  { stuckIn, vanishesIn }: Partial<Pick<Batch, 'stuckIn' | 'vanishesIn'>> = {},
): Batch {
  return {
    id,
    submittedAt,
    arrived: performance.now(),
    operations,
    state: 'pending',
    total: 0,
    finished: 0,
    errored: 0,
    completedAt: 0,
    archive: '',
    deleted: false,
    taken: false,
    stuckIn,
    vanishesIn,
    shown: { pending: 0, preprocessing: 0, started: 0, finalizing: 0, finished: 0 },
    wake: undefined,
  };
}

const STATES: readonly BatchState[] = ['pending', 'preprocessing', 'started', 'finalizing', 'finished'];

/** Whether the API shows it. */
export const isShown = ({ state, vanishesIn }: Batch): boolean =>
  vanishesIn === undefined || STATES.indexOf(state) < STATES.indexOf(vanishesIn);

export const archiveFile = (folder: string, batchId: string): string =>
  `${folder}/${batchId}-response.tar.gz`;
