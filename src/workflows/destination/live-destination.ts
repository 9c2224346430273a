import { setCurrentDetails, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { DestinationMemo } from '../../contract/destination-memo';
import type { ExportWaits } from '../../contract/export-waits';
import type { JobInput } from '../../contract/job';
import type { Reason } from '../../contract/reason';
import { STALE } from '../../contract/search-attributes';
import { historyAge } from '../history-age';
import { setAttributes } from '../search-attributes';
import { withWaits } from './alerts';
import type { Caller } from './caller';
import { describeDestination } from './current-details';
import { staleOf } from './stale';
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

/** What the job that runs waits for, as far as it has said so. */
type Waits = NonNullable<ExportWaits['waits']>;

/** What the handlers and the main loop of one run of a destination share. */
export class Destination {
  readonly destinationId: string;
  running: Running | null = null;
  /** This run has taken its one job or its history is long: the next run starts what is requested now. */
  isHandingOver = false;
  isDiscarded = false;
  /** The server has been asked to start the workflow of alerts, and has not answered. */
  isStartingAlerts = false;
  /** This run continues as new with the present workflow task: a command beside it would be lost. */
  isContinuing = false;
  /** Checks of a connection that have not ended. Each reserves the audience, and records a consent. */
  #connecting = 0;
  /** Who asked for a job in this run, by the id of the job. */
  readonly callers = new Map<string, Caller>();
  readonly age = historyAge();
  #state: DestinationState;
  #refusal: Reason | null = null;
  #signalled: ExportWaits | null = null;

  constructor(destinationId: string, state: DestinationState) {
    this.destinationId = destinationId;
    this.#state = state;
    this.show();
  }

  get isConnecting(): boolean {
    return this.#connecting > 0;
  }

  async whileConnecting<Result>(check: () => Promise<Result>): Promise<Result> {
    this.#connecting += 1;
    try {
      return await check();
    } finally {
      this.#connecting -= 1;
    }
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

  /** Null: nothing, or its page says it. */
  get #waits(): Waits | null {
    return this.#signalled?.exportId === this.#state.unsettled?.exportId
      ? (this.#signalled?.waits ?? null)
      : null;
  }

  /** What an export says of itself. */
  tell(signal: ExportWaits): void {
    this.#signalled = signal;
    this.update((state) => withWaits(this.destinationId, state, signal));
  }

  /** Updates the current details, which depend on the time as well. */
  show(): void {
    const { destinationId, refusal } = this;
    const { namespace } = workflowInfo();
    setCurrentDetails(
      describeDestination(this.#state, {
        destinationId,
        namespace,
        refusal,
        waits: this.#waits,
        nowMs: Date.now(),
      }),
    );
  }
}

/** Updates the memo, so that lists need no custom search attributes, and these where they are used. */
export function publishState(destination: Destination): void {
  const { state } = destination;
  upsertMemo({
    name: state.connection?.name ?? '',
    audience: state.connection?.audience.id ?? '',
    state: state.phase,
    account: state.connection?.account ?? '',
    accountId: state.connection?.accountId ?? '',
    labels: [...(state.connection?.labels ?? [])],
  } satisfies DestinationMemo);
  publishAttributes(destination);
}

export function publishAttributes({ destinationId, state }: Destination): void {
  if (!state.searchAttributes) return;
  setAttributes({
    destinationId,
    audienceId: state.connection?.audience.id ?? '',
    kind: 'destination',
    state: staleOf(state, Date.now()) ? STALE : state.phase,
  });
}
