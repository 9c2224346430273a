import { setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import type { JobInput } from '../../contract/job';
import { describeDestination } from './current-details';
import type { DestinationState, Job } from './state';

/** The job that runs now. Set before its child is requested from the server, so that it can be cancelled before the child starts. */
export interface Running {
  readonly job: Job;
  readonly input: JobInput;
  readonly cancel: () => void;
  /** Null until the server has started the child. */
  firstExecutionRunId: string | null;
  /** Another job is still open at the server, perhaps for long. */
  isBlocked: boolean;
}

/** What the handlers and the main loop of one run of a destination share. */
export interface Destination {
  readonly destinationId: string;
  state: DestinationState;
  running: Running | null;
  /** This run has taken its one job or its history is long: the next run starts what is requested now. */
  isHandingOver: boolean;
  hasFailedToConnect: boolean;
  isDiscarded: boolean;
}

/** Updates memo and current details, so that lists need no custom search attributes and the Web UI shows the present state. */
export function publishState({ state }: Destination): void {
  upsertMemo({
    name: state.connection?.name ?? '',
    audience: state.connection?.audience.id ?? '',
    state: state.phase,
  });
  setCurrentDetails(describeDestination(state));
}
