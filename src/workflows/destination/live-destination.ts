import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import type { ExportInput } from '../../contract/export';
import { describeDestination } from './current-details';
import type { DestinationState, Job } from './state';
import type { Mutex } from './mutex';

/** The export that runs now. Known from the moment it is asked for at the server, so that it can be cancelled before it starts. */
export interface Running {
  readonly job: Job;
  readonly input: ExportInput;
  readonly cancel: () => void;
  /** Null until the server has started it. */
  firstExecutionRunId: string | null;
  /** Another export is still open, perhaps for long. */
  isBlocked: boolean;
}

/** What handlers and the main loop of one destination share. */
export interface Destination {
  readonly destinationId: string;
  readonly lock: Mutex;
  state: DestinationState;
  running: Running | null;
  /** This run has taken its one job or has grown enough: what is asked for now, the next run starts. */
  isHandingOver: boolean;
  hasFailedToConnect: boolean;
  isDiscarded: boolean;
}

/** Set again at the start of each run: lists need no custom search attributes, and the Web UI shows the present state. */
export function publishState({ state }: Destination): void {
  upsertMemo({
    name: state.connection?.name ?? '',
    audience: state.connection?.audience.id ?? '',
    state: state.phase,
  });
  setCurrentDetails(describeDestination(state));
}
