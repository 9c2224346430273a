import type { StartedExport } from '../contract/destination';
import type { ExportView } from '../contract/export';
import type { ApproveInput, Approved } from '../contract/guard';
import type { ExportReport } from '../contract/report';
import type { ExportError } from '../errors';

/** How long to wait for an export. */
export interface WaitOptions {
  /**
   * Ends the waiting: it throws the signal's reason. The export is not affected. `AbortSignal.timeout(ms)` bounds the time.
   * Without it, the waiting lasts until the export has ended.
   */
  readonly signal?: AbortSignal;
  /**
   * Called each time that no worker or no server answers; two seconds later the question is asked again. An export outlives its
   * workers: it continues as soon as one runs.
   */
  readonly onOutage?: (error: ExportError) => void;
}

/** The export that sends the approved changes. */
export interface ApprovedExport {
  /** `approved`: the held export continues. `replanned`: its plan was too old, and this new export was started instead. */
  readonly disposition: Approved;
  readonly exportId: string;
  readonly number: number;
}

/**
 * One export, or one plan, of a destination: running, queued or ended. From `ExportClient.start`, `ExportClient.plan` and
 * `ExportClient.handle`.
 *
 * All methods act on this export only. After it has ended, requests throw EXPORT_NOT_FOUND and never reach the next export of the
 * destination. All need a running worker, and throw the errors that {@link ExportClient} names.
 *
 * @example
 * ```ts
 * import { ExportFailedError } from 'temporal-mailchimp/client';
 *
 * const handle = await exportClient.start('newsletter');
 * for await (const { phase, state, done } of handle.follow()) {
 *   console.log(`${phase}: ${done} done`);
 *   if (state.kind === 'held') await handle.approve({ planId: state.held.planId, by: 'Ada Lovelace' });
 * }
 * try {
 *   const { outcomes } = await handle.result();
 *   console.log(outcomes);
 * } catch (error) {
 *   if (!(error instanceof ExportFailedError)) throw error;
 *   console.error(`${error.code}: ${error.message}`, error.report.outcomes);
 * }
 * ```
 */
export interface ExportHandle {
  readonly destinationId: string;
  /** Id of the export: a UUID, given by the destination. */
  readonly id: string;
  /** Id of its Temporal workflow. All exports of a destination share it, since only one runs at a time. */
  readonly workflowId: string;

  /**
   * The run of that workflow that is this export, for a link to its page; of one that continued as new, the last. Undefined: it has not begun, or
   * Temporal no longer keeps it. Needs no worker.
   */
  runId(): Promise<string | undefined>;

  /**
   * Where the export stands, in counts; undefined while it is queued, and after it has ended.
   * @throws ExportError EXPORT_NOT_FOUND when it is not among the last ten exports of the destination
   */
  progress(): Promise<ExportView | undefined>;

  /**
   * The report of the export, however it ended; undefined while it is queued or runs. Does not wait.
   * @throws ExportError EXPORT_NOT_FOUND when it is not among the last ten exports of the destination
   */
  report(): Promise<ExportReport | undefined>;

  /**
   * Waits until the export has ended, and returns its report. An export that is held is waited for until it is approved, denied or
   * expired, at most a day; one that is stopped, until it is resumed or cancelled. When an approval came too late for its plan, the
   * export that replaced this one is waited for, and the report is that one's. An outage of workers or server is waited out, but not
   * before a worker has answered for this handle, as it has for one that was started.
   * @returns the report of an export that completed, or of a plan
   * @throws ExportFailedError when the export failed, was cancelled or denied, or has expired; with the report
   * @throws ExportError EXPORT_NOT_FOUND when it is not among the last ten exports of the destination
   */
  result(options?: WaitOptions): Promise<ExportReport>;

  /**
   * Yields where the export stands, about once a second, and ends when the export has ended, however that was: `result` says how. A
   * queued export yields nothing until it begins. Otherwise waits like `result`, also for the export that replaced this one, which has
   * its own id in `ref`. Leaving the loop does not stop the export, and it can be followed again at any time.
   * @throws ExportError EXPORT_NOT_FOUND when it is not among the last ten exports of the destination
   */
  follow(options?: WaitOptions): AsyncIterable<ExportView>;

  /**
   * Pauses the export: it sends no further changes until `resume`. Batches in flight finish, and their results are read. Pausing a
   * paused export changes nothing.
   * @throws ExportError EXPORT_NOT_FOUND when it has ended or has not begun
   */
  pause(): Promise<void>;

  /**
   * Resumes the export after `pause`, or after it stopped for a person (state `stopped`) and the cause is fixed. Resuming a running
   * export changes nothing.
   * @throws ExportError EXPORT_NOT_FOUND when it has ended or has not begun
   */
  resume(): Promise<void>;

  /**
   * Approves the held export, so that it sends its changes. `planId` is the plan whose numbers were reviewed (`state.held.planId` of
   * `progress`). A plan that is more than an hour old is not sent: a new export plans again, and the result names it. A repeated call
   * gives the same result, also after the export has ended.
   * @throws ExportError EXPORT_NOT_HELD; PLAN_OUTDATED when it is held with another plan; SECOND_PERSON_REQUIRED when another person than the
   * one who asked has to approve; EXPORT_NOT_FOUND when it has ended without this approval or has not begun
   */
  approve(input: ApproveInput): Promise<ApprovedExport>;

  /**
   * Ends the held export without sending anything. A repeated call changes nothing, also after the export has ended.
   * @throws ExportError EXPORT_NOT_HELD; PLAN_OUTDATED when it is held with another plan; EXPORT_NOT_FOUND when it has ended otherwise
   * or has not begun
   */
  deny(input: ApproveInput): Promise<void>;

  /**
   * Cancels the export, running or queued. Changes that Mailchimp has acknowledged stay and are counted in the report. Resolves when
   * the cancellation is requested, before the export has ended.
   * @throws ExportError EXPORT_NOT_FOUND when it has ended, also by an earlier call
   */
  cancel(): Promise<void>;
}

/** An export that a request started, joined or queued. */
export interface StartedExportHandle extends ExportHandle {
  /** The first export of a destination is 1. */
  readonly number: number;
  /**
   * - `started`: a new export runs.
   * - `queued`: it begins when the running one has ended.
   * - `joined`: a running or queued export already does the same, so none was started.
   */
  readonly disposition: StartedExport['disposition'];
  /** Run id with which its workflow began; undefined until it has begun. */
  readonly firstExecutionRunId: string | undefined;
}
