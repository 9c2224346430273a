import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type {
  ConfigureInput,
  ConnectInput,
  DestinationView,
  Envelope,
  RemoveInput,
  StartedExport,
} from '../contract/destination';
import type { ExportView } from '../contract/export';
import type { ApproveInput, Approved } from '../contract/guard';
import {
  DESTINATION_ID_PREFIX,
  DestinationIdSchema,
  destinationWorkflowId,
  exportWorkflowId,
  type ExportRef,
} from '../contract/identifiers';
import type { StartInput } from '../contract/job';
import { parse } from '../contract/parse';
import type { ExportReport } from '../contract/report';
import { ExportError } from '../errors';
import {
  approveUpdate,
  cancelExportUpdate,
  configureUpdate,
  connectUpdate,
  pauseUpdate,
  progressQuery,
  denyUpdate,
  removeDestinationUpdate,
  resumeUpdate,
  startJobUpdate,
  stateQuery,
} from '../workflows/messages';
import type { mailchimpDestination } from '../workflows';
import { noAnswerInTime, toExportError } from './errors';
import { openExports, withExportNow, type OpenExports } from './export-now';
import { isPolled, requireWorker } from './pollers';

/** A request that a worker reads later than this is refused, so that it cannot take effect after the caller has given up. */
const ACCEPT_TIMEOUT_MS = 10_000;
const RESULT_TIMEOUT_MS = 90_000;
const FOLLOW_INTERVAL_MS = 1_000;
/** Destinations whose exports a list asks for their states at the same time. */
const ASKED_AT_ONCE = 10;

export interface ExportClientOptions {
  /** A connected client of @temporalio/client, for the namespace of the workers. It is not closed. */
  readonly client: Client;
  /** Task queue of the workers that run the plugin. @default 'mailchimp' */
  readonly taskQueue?: string;
}

export interface ListedDestination {
  readonly destinationId: string;
  /** Display name. */
  readonly name: string;
  readonly audienceId: string;
  /** `connecting`, `connected` or `configured`. */
  readonly phase: string;
  /** The exports that run and are queued, with their states; null: no worker on the task queue of this client answers for it. */
  readonly open: OpenExports | null;
}

/** The export that sends the approved changes. */
export interface ApprovedExport {
  /** `approved`: the held export continues. `replanned`: its plan was too old, and this new export was started instead. */
  readonly disposition: Approved;
  readonly exportId: string;
  readonly number: number;
}

/**
 * Manages destinations and their exports from a web server or a script. Loads neither DuckDB nor the native worker.
 *
 * All methods except `list` need a running worker. They throw an ExportError, whose code is WORKER_NOT_RUNNING, TEMPORAL_UNREACHABLE,
 * DESTINATION_NOT_FOUND, DESTINATION_REMOVED, or a code that the method names. WORKER_NOT_RUNNING means that no worker accepted the
 * request within 10 s, and it never takes effect; or that the accepted request had no result within 90 s, and it can still take effect,
 * as the message then says. Every method can be called again after an error; each says what a repeated call does.
 */
export class ExportClient {
  private readonly client: Client;
  private readonly taskQueue: string;

  constructor({ client, taskQueue = 'mailchimp' }: ExportClientOptions) {
    this.client = client;
    this.taskQueue = taskQueue;
  }

  /**
   * Connects a destination to an audience of an account, with consent, or changes the settings of a connected one. The account, the
   * audience and the source are checked; no profiles are sent. A repeated call checks and stores the same settings again. Without
   * `consent`, the recorded one stays: that suffices for another display name, export user or name of the same account, and not for another
   * source or `statusIfNew`.
   * @param destinationId small letters, digits and hyphens; also part of the workflow id
   * @throws ExportError INPUT_INVALID, CONSENT_REQUIRED, ACCOUNT_MISMATCH, AUDIENCE_MISMATCH (the destination belongs to another account
   * or audience), ACCOUNT_NOT_FOUND, KEY_INVALID, AUDIENCE_NOT_FOUND, AUDIENCE_IN_USE, SOURCE_NOT_FOUND
   */
  async connect(destinationId: string, input: ConnectInput): Promise<DestinationView> {
    parse(DestinationIdSchema, destinationId, { what: `The name of the destination "${destinationId}"` });
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof mailchimpDestination>(
      'mailchimpDestination',
      {
        workflowId: destinationWorkflowId(destinationId),
        taskQueue: this.taskQueue,
        args: [{ destinationId }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `Destination ${input.name}`,
      },
    );
    return this.awaitResult(destinationId, () =>
      this.client.workflow.startUpdateWithStart(connectUpdate, {
        args: [input, this.envelope()],
        waitForStage: 'ACCEPTED',
        startWorkflowOperation,
      }),
    );
  }

  /**
   * Matches attributes to merge fields and chooses segments; replaces the previous configuration. It is checked against the source and
   * the audience; no profiles are sent. A repeated call checks and stores the same configuration again.
   * @throws ExportError INPUT_INVALID, NOT_CONNECTED, EMAIL_NOT_MATCHED, ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, MERGE_FIELD_NOT_FOUND,
   * REQUIRED_FIELD_UNMATCHED, TAG_TAKEN
   */
  async configure(destinationId: string, input: ConfigureInput): Promise<DestinationView> {
    return this.update(destinationId, configureUpdate, input);
  }

  /**
   * Starts an export and returns its id immediately, before anything is read or sent. While another export runs, the new one is queued
   * behind it. A running or queued export with the same options and configuration is joined instead, so a repeated call does not
   * export twice.
   * @throws ExportError INPUT_INVALID, NOT_CONFIGURED, CONSENT_REQUIRED, DESTINATION_BUSY (another export is queued already)
   */
  async start(destinationId: string, input: StartInput = {}): Promise<StartedExport> {
    return this.update(destinationId, startJobUpdate, { ...input, kind: 'export' });
  }

  /**
   * Starts a plan: the numbers of an export with the same options, which sends nothing. It is queued, joined and followed like an export.
   * Its number is of the series of plans.
   * @throws ExportError as `start`
   */
  async plan(destinationId: string, input: StartInput = {}): Promise<StartedExport> {
    return this.update(destinationId, startJobUpdate, { ...input, kind: 'plan' });
  }

  /**
   * Cancels a running or queued export. Changes that Mailchimp has acknowledged stay and are counted in the report. Resolves when the
   * cancellation is requested, before the export has ended.
   * @throws ExportError EXPORT_NOT_FOUND when the export has ended, also by an earlier call
   */
  async cancel({ destinationId, exportId }: ExportRef): Promise<void> {
    await this.update(destinationId, cancelExportUpdate, { exportId });
  }

  /**
   * Removes a destination: withdraws consent, cancels a running export and deletes staged rows. Contacts stay in the audience
   * unchanged. A repeated call throws DESTINATION_REMOVED.
   */
  async remove(destinationId: string, input: RemoveInput): Promise<DestinationView> {
    return this.update(destinationId, removeDestinationUpdate, input);
  }

  /**
   * The state of a destination: consent, connection, configuration, the state of the running export, and the reports of its last ten
   * exports, newest first.
   */
  async describe(destinationId: string): Promise<DestinationView> {
    return withExportNow(await this.view(destinationId), () => this.progress(destinationId));
  }

  private async view(destinationId: string): Promise<DestinationView> {
    return this.withWorker(destinationId, async () => {
      const view = await this.handle(destinationId).query(stateQuery);
      if (view.phase !== 'connecting') return view;
      const { status } = await this.handle(destinationId).describe();
      if (status.name === 'RUNNING') return view;
      // After a refused first connect there is a closed workflow, but no destination.
      throw new WorkflowNotFoundError('Never connected', destinationWorkflowId(destinationId), undefined);
    });
  }

  /**
   * All destinations that are not removed, by id. Needs no worker, except for the state of exports. Eventually consistent: a new one can
   * take a second to appear.
   */
  async list(): Promise<ListedDestination[]> {
    try {
      const listed = await this.withDeadline(() => listDestinations(this.client));
      // One look for all of them: without a worker, each query would wait for its deadline.
      const isAnswered = await this.withDeadline(() => isPolled(this.client, this.taskQueue));
      const open = isAnswered ? await this.openExports(listed) : new Map();
      return listed.map(({ destinationId, name, audienceId, phase }) => ({
        destinationId,
        name,
        audienceId,
        phase,
        open: open.get(destinationId) ?? null,
      }));
    } catch (error) {
      throw toExportError(error, { destinationId: '', taskQueue: this.taskQueue });
    }
  }

  /** The progress of the running export of a destination, in counts; undefined when no export runs. */
  async progress(destinationId: string): Promise<ExportView | undefined> {
    try {
      const view = await this.withDeadline(() => this.exportHandle(destinationId).query(progressQuery));
      return view.report ? undefined : view;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw toExportError(error, { destinationId, taskQueue: this.taskQueue });
    }
  }

  /**
   * The report of an export that has ended; undefined while it runs or is queued.
   * @throws ExportError EXPORT_NOT_FOUND when it is not among the last ten exports of the destination
   */
  async report({ destinationId, exportId }: ExportRef): Promise<ExportReport | undefined> {
    const { exports, running, queued } = await this.view(destinationId);
    const report = exports.find((known) => known.exportId === exportId);
    if (report || running?.exportId === exportId) return report;
    if (queued.some((waiting) => waiting.exportId === exportId)) return undefined;
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      `The destination ${destinationId} has no export ${exportId}. It keeps the reports of the last ten exports.`,
    );
  }

  /**
   * Yields the progress of an export about once a second and returns its report. A held export is followed until it is approved,
   * denied or expired. When an approval starts a new export, that export is followed, with its own id. Leaving the loop does not stop
   * the export, and it can be followed again at any time.
   * @throws ExportError WORKER_NOT_RUNNING while no worker answers, for example while a worker restarts. The export continues on the
   * next worker; call `follow` again. EXPORT_NOT_FOUND
   */
  async *follow(ref: ExportRef): AsyncGenerator<ExportView, ExportReport> {
    const { destinationId } = ref;
    let { exportId } = ref;
    for (;;) {
      const report = await this.report({ destinationId, exportId });
      if (report && !report.next) return report;
      if (report?.next) exportId = report.next.exportId;
      const view = await this.progress(destinationId);
      if (view?.ref.exportId === exportId) yield view;
      await delay(FOLLOW_INTERVAL_MS);
    }
  }

  /**
   * Approves a held export, so that it sends its changes. `planId` is the plan whose numbers were reviewed
   * (`state.held.planId`). A plan that is more than an hour old is not sent: a new export plans again, and the result names it. A
   * repeated call gives the same result.
   * @throws ExportError EXPORT_NOT_FOUND, EXPORT_NOT_HELD, PLAN_OUTDATED
   */
  async approve(destinationId: string, input: ApproveInput): Promise<ApprovedExport> {
    const earlier = await this.replanned(destinationId, input);
    if (earlier) return earlier;
    const { ref, number } = await this.requireRunning(destinationId);
    const disposition = await this.updateExport(destinationId, (handle) =>
      handle.startUpdate(approveUpdate, { args: [input, this.envelope()], waitForStage: 'ACCEPTED' }),
    );
    if (disposition === 'approved') return { disposition, exportId: ref.exportId, number };
    for (;;) {
      const next = await this.replanned(destinationId, input);
      if (next) return next;
      // It may have been cancelled at the same time.
      if (await this.report(ref)) return { disposition, exportId: ref.exportId, number };
      await delay(FOLLOW_INTERVAL_MS);
    }
  }

  /**
   * Ends a held export without sending anything.
   * @throws ExportError EXPORT_NOT_FOUND (also when an earlier call has ended it), EXPORT_NOT_HELD, PLAN_OUTDATED
   */
  async deny(destinationId: string, input: ApproveInput): Promise<void> {
    await this.updateExport(destinationId, (handle) =>
      handle.startUpdate(denyUpdate, { args: [input, this.envelope()], waitForStage: 'ACCEPTED' }),
    );
  }

  /**
   * Pauses the running export: it sends no further changes until `resume`. Batches in flight finish, and their results are read.
   * Pausing a paused export changes nothing. @throws ExportError EXPORT_NOT_FOUND
   */
  async pause(destinationId: string): Promise<void> {
    await this.updateExport(destinationId, (handle) =>
      handle.startUpdate(pauseUpdate, { args: [this.envelope()], waitForStage: 'ACCEPTED' }),
    );
  }

  /**
   * Resumes an export after `pause`, or after it stopped for an operator (state `stopped`) and the cause is fixed. Resuming a
   * running export changes nothing. @throws ExportError EXPORT_NOT_FOUND
   */
  async resume(destinationId: string): Promise<void> {
    await this.updateExport(destinationId, (handle) =>
      handle.startUpdate(resumeUpdate, { args: [this.envelope()], waitForStage: 'ACCEPTED' }),
    );
  }

  private async updateExport<Result>(
    destinationId: string,
    send: (handle: WorkflowHandle) => Promise<WorkflowUpdateHandle<Result>>,
  ): Promise<Result> {
    return this.awaitResult(destinationId, async () => {
      try {
        return await send(this.exportHandle(destinationId));
      } catch (error) {
        throw error instanceof WorkflowNotFoundError ? noRunningExport(destinationId) : error;
      }
    });
  }

  private async requireRunning(destinationId: string): Promise<ExportView> {
    const view = await this.progress(destinationId);
    if (view) return view;
    throw noRunningExport(destinationId);
  }

  /** The export that replaced the one with this plan, when the plan was too old at its approval. */
  private async replanned(
    destinationId: string,
    { planId }: ApproveInput,
  ): Promise<ApprovedExport | undefined> {
    const { exports } = await this.view(destinationId);
    const next = exports.find(({ approval, next }) => next && approval?.planId === planId)?.next;
    return next && { disposition: 'replanned', ...next };
  }

  private async openExports(listed: readonly Listed[]): Promise<Map<string, OpenExports>> {
    const own = listed.filter(({ taskQueue }) => taskQueue === this.taskQueue);
    const found = new Map<string, OpenExports>();
    for (let first = 0; first < own.length; first += ASKED_AT_ONCE) {
      const asked = own.slice(first, first + ASKED_AT_ONCE).map(async ({ destinationId }) => {
        const open = await openExports(this.client, destinationId);
        if (open) found.set(destinationId, open);
      });
      await Promise.all(asked);
    }
    return found;
  }

  private handle(destinationId: string) {
    return this.client.workflow.getHandle<typeof mailchimpDestination>(destinationWorkflowId(destinationId));
  }

  private exportHandle(destinationId: string) {
    return this.client.workflow.getHandle(exportWorkflowId(destinationId));
  }

  private envelope(): Envelope {
    return { requestId: randomUUID(), notAfter: Date.now() + ACCEPT_TIMEOUT_MS };
  }

  private async update<Input, Result>(
    destinationId: string,
    definition: UpdateDefinition<Result, [Input, Envelope]>,
    input: Input,
  ): Promise<Result> {
    return this.awaitResult(destinationId, () =>
      this.handle(destinationId).startUpdate(definition, {
        args: [input, this.envelope()],
        waitForStage: 'ACCEPTED',
      }),
    );
  }

  private async awaitResult<Result>(
    destinationId: string,
    send: () => Promise<WorkflowUpdateHandle<Result>>,
  ): Promise<Result> {
    return this.withWorker(destinationId, async () => {
      const accepted = await send();
      try {
        return await this.client.withDeadline(Date.now() + RESULT_TIMEOUT_MS, () => accepted.result());
      } catch (error) {
        throw error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
          ? noAnswerInTime(destinationId)
          : error;
      }
    });
  }

  private async withWorker<Result>(destinationId: string, work: () => Promise<Result>): Promise<Result> {
    try {
      await this.withDeadline(() => requireWorker(this.client, this.taskQueue));
      return await this.withDeadline(work);
    } catch (error) {
      throw await this.explain(error, destinationId);
    }
  }

  /** The server replies "not found" for a closed workflow too; this distinguishes a removed destination from an unknown one. */
  private async explain(error: unknown, destinationId: string): Promise<unknown> {
    const translated = toExportError(error, { destinationId, taskQueue: this.taskQueue });
    if (!(translated instanceof ExportError) || translated.code !== 'DESTINATION_NOT_FOUND')
      return translated;
    try {
      const { memo } = await this.withDeadline(() => this.handle(destinationId).describe());
      if (memo?.['state'] === 'connecting') return translated;
      return new ExportError(
        'DESTINATION_REMOVED',
        `The destination ${destinationId} has been removed. Connect it again to use it.`,
      );
    } catch {
      return translated;
    }
  }

  private async withDeadline<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.client.withDeadline(Date.now() + ACCEPT_TIMEOUT_MS, work);
  }
}

function noRunningExport(destinationId: string): ExportError {
  return new ExportError('EXPORT_NOT_FOUND', `No export of the destination ${destinationId} is running.`);
}

/** Reads type and memo of the workflows, so that no custom search attribute is needed. */
type Listed = Omit<ListedDestination, 'open'> & { readonly taskQueue: string };

async function listDestinations(client: Client): Promise<Listed[]> {
  const query = `WorkflowType = 'mailchimpDestination' AND ExecutionStatus = 'Running'`;
  const found: Listed[] = [];
  for await (const { workflowId, memo, taskQueue } of client.workflow.list({ query })) {
    const text = (key: string) => (typeof memo?.[key] === 'string' ? memo[key] : '');
    // Its first connect has not succeeded, so it is no destination yet.
    if (text('name') === '') continue;
    found.push({
      destinationId: workflowId.slice(DESTINATION_ID_PREFIX.length),
      name: text('name'),
      audienceId: text('audience'),
      phase: text('state'),
      taskQueue,
    });
  }
  return found.toSorted((one, other) => one.destinationId.localeCompare(other.destinationId));
}
