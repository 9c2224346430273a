import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { JobInput } from '../../contract/job';
import type { Reason } from '../../contract/reason';
import { isSince040 } from '../back-off';
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
export class Destination {
  readonly destinationId: string;
  running: Running | null = null;
  /** This run has taken its one job or its history is long: the next run starts what is requested now. */
  isHandingOver = false;
  isDiscarded = false;
  /** Whether the history of the run began with version 0.4.0. */
  readonly isSince040 = isSince040();
  #state: DestinationState;
  #refusal: Reason | null = null;

  constructor(destinationId: string, state: DestinationState) {
    this.destinationId = destinationId;
    this.#state = state;
    this.show();
  }

  get state(): DestinationState {
    return this.#state;
  }

  /**
   * The only way to change the state. `change` gets the state of this moment and cannot wait: a state that was read before an `await` would
   * undo what an export or another request has changed since.
   */
  update(change: (state: DestinationState) => DestinationState): void {
    this.#state = change(this.#state);
    this.show();
  }

  /** Why the last connect was refused. */
  get refusal(): Reason | null {
    return this.#refusal;
  }

  refuse(reason: Reason): void {
    this.#refusal = reason;
    this.show();
  }

  /** Updates the current details, which depend on the time as well. */
  show(): void {
    const { destinationId, refusal } = this;
    const { namespace } = workflowInfo();
    setCurrentDetails(
      describeDestination(this.#state, { destinationId, namespace, refusal, nowMs: Date.now() }),
    );
  }
}

/** Updates the memo, so that lists need no custom search attributes. */
export function publishState({ state }: Destination): void {
  upsertMemo({
    name: state.connection?.name ?? '',
    audience: state.connection?.audience.id ?? '',
    state: state.phase,
    account: state.connection?.account ?? '',
    accountId: state.connection?.accountId ?? '',
    labels: [...(state.connection?.labels ?? [])],
  });
}
