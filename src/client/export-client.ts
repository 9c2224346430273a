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
import { listDestinations, type ListedDestination } from './list';
import { answerMissing, toExportError } from './errors';
import { requireWorker } from './pollers';

/** How long a request may take to be accepted; after that it is refused, also when a worker reads it later. */
const ACCEPT_MS = 10_000;
const ANSWER_MS = 90_000;
const FOLLOW_MS = 1_000;

export interface ExportClientOptions {
  readonly client: Client;
  /** Queue of the workers that hold the plugin. @default 'mailchimp' */
  readonly taskQueue?: string;
}

/** The export that goes on after an approval: the same one, or the one that was started in its stead. */
export interface ApprovedExport {
  readonly disposition: Approved;
  readonly exportId: string;
  readonly number: number;
}

/**
 * Starts and follows exports from a web server or a script. Loads neither DuckDB nor the native worker.
 *
 * Every method throws ExportError with a code: WORKER_NOT_RUNNING (nothing was started and nothing will be), TEMPORAL_UNREACHABLE,
 * DESTINATION_NOT_FOUND, and what the destination answers. Safe to call again after any of them.
 */
export class ExportClient {
  private readonly client: Client;
  private readonly taskQueue: string;

  constructor({ client, taskQueue = 'mailchimp' }: ExportClientOptions) {
    this.client = client;
    this.taskQueue = taskQueue;
  }

  /** Connects a destination to an audience, or connects it again with what may change. Checked against the real account. */
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
    return this.answer(destinationId, () =>
      this.client.workflow.startUpdateWithStart(connectUpdate, {
        args: [input, this.envelope()],
        waitForStage: 'ACCEPTED',
        startWorkflowOperation,
      }),
    );
  }

  /** Matches data and chooses segments. Checked against the real source and audience; nothing is sent. */
  async configure(destinationId: string, input: ConfigureInput): Promise<DestinationView> {
    return this.update(destinationId, configureUpdate, input);
  }

  /** Asks for an export and answers at once; an equal export that runs or waits already is joined. */
  async start(destinationId: string, input: StartInput<'export'> = {}): Promise<StartedExport> {
    return this.update(destinationId, startJobUpdate, { ...input, kind: 'export' });
  }

  /** Starts a plan: the numbers of an export with the same options, which sends nothing. Queued, joined and followed like one. */
  async plan(destinationId: string, input: StartInput<'plan'> = {}): Promise<StartedExport> {
    return this.update(destinationId, startJobUpdate, { ...input, kind: 'plan' });
  }

  /** Stops an export. What Mailchimp acknowledged stays, and is counted in the report. */
  async cancel({ destinationId, exportId }: ExportRef): Promise<void> {
    await this.update(destinationId, cancelExportUpdate, { exportId });
  }

  /** Withdraws consent, stops a running export and deletes staged rows; people stay in the audience as they are. */
  async remove(destinationId: string, input: RemoveInput): Promise<DestinationView> {
    return this.update(destinationId, removeDestinationUpdate, input);
  }

  async describe(destinationId: string): Promise<DestinationView> {
    return this.ask(destinationId, async () => {
      const view = await this.handle(destinationId).query(stateQuery);
      if (view.phase !== 'connecting') return view;
      const { status } = await this.handle(destinationId).describe();
      if (status.name === 'RUNNING') return view;
      // A first connect that was refused leaves a closed workflow, and no destination.
      throw new WorkflowNotFoundError('Never connected', destinationWorkflowId(destinationId), undefined);
    });
  }

  /** Destinations that are not removed; needs no worker. Eventually consistent: a new one may take a second to appear. */
  async list(): Promise<ListedDestination[]> {
    try {
      return await this.withDeadline(() => listDestinations(this.client));
    } catch (error) {
      throw toExportError(error, { destinationId: '', taskQueue: this.taskQueue });
    }
  }

  /** Where the open export of a destination stands; undefined when none is open. */
  async progress(destinationId: string): Promise<ExportView | undefined> {
    try {
      const view = await this.withDeadline(() => this.exportHandle(destinationId).query(progressQuery));
      return view.report ? undefined : view;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw toExportError(error, { destinationId, taskQueue: this.taskQueue });
    }
  }

  /** The report of an export that has ended; undefined while it runs or waits. @throws ExportError EXPORT_NOT_FOUND */
  async report({ destinationId, exportId }: ExportRef): Promise<ExportReport | undefined> {
    const { exports, running, queued } = await this.describe(destinationId);
    const report = exports.find((known) => known.exportId === exportId);
    if (report || running?.exportId === exportId || queued > 0) return report;
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      `The destination ${destinationId} knows no export ${exportId}; it keeps the last ten.`,
    );
  }

  /**
   * Yields where the export stands about once a second, and returns its report. A held export is followed until somebody decides; one that
   * is planned again goes on as another, with another id, which is followed from there. Throws WORKER_NOT_RUNNING while no worker answers, also
   * for some seconds after one has died; the export goes on with the next worker, and following may be called again at any time.
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
      await delay(FOLLOW_MS);
    }
  }

  /**
   * Lets a held export send. `planId` names the plan whose numbers were seen; repeated, it gives the same answer. More than an hour after
   * the plan, the export is planned again: the answer names the one that was started in its stead.
   * @throws ExportError EXPORT_NOT_FOUND, EXPORT_NOT_HELD, PLAN_OUTDATED
   */
  async approve(destinationId: string, input: ApproveInput): Promise<ApprovedExport> {
    const earlier = await this.replanned(destinationId, input);
    if (earlier) return earlier;
    const { ref, number } = await this.requireRunning(destinationId);
    const disposition = await this.tellExport(destinationId, (handle) =>
      handle.startUpdate(approveUpdate, { args: [input, this.envelope()], waitForStage: 'ACCEPTED' }),
    );
    if (disposition === 'approved') return { disposition, exportId: ref.exportId, number };
    for (;;) {
      const next = await this.replanned(destinationId, input);
      if (next) return next;
      // It may have been cancelled in this very moment.
      if (await this.report(ref)) return { disposition, exportId: ref.exportId, number };
      await delay(FOLLOW_MS);
    }
  }

  /** Ends a held export with nothing sent. @throws ExportError EXPORT_NOT_FOUND, EXPORT_NOT_HELD, PLAN_OUTDATED */
  async deny(destinationId: string, input: ApproveInput): Promise<void> {
    await this.tellExport(destinationId, (handle) =>
      handle.startUpdate(denyUpdate, { args: [input, this.envelope()], waitForStage: 'ACCEPTED' }),
    );
  }

  /** Sends nothing new until `resume`; batches at Mailchimp finish and are read. */
  async pause(destinationId: string): Promise<void> {
    await this.tellExport(destinationId, (handle) =>
      handle.startUpdate(pauseUpdate, { args: [this.envelope()], waitForStage: 'ACCEPTED' }),
    );
  }

  /** Goes on after `pause`, or after what stopped the export was mended. */
  async resume(destinationId: string): Promise<void> {
    await this.tellExport(destinationId, (handle) =>
      handle.startUpdate(resumeUpdate, { args: [this.envelope()], waitForStage: 'ACCEPTED' }),
    );
  }

  private async tellExport<Answer>(
    destinationId: string,
    send: (handle: WorkflowHandle) => Promise<WorkflowUpdateHandle<Answer>>,
  ): Promise<Answer> {
    return this.answer(destinationId, async () => {
      try {
        return await send(this.exportHandle(destinationId));
      } catch (error) {
        throw error instanceof WorkflowNotFoundError ? noneRuns(destinationId) : error;
      }
    });
  }

  private async requireRunning(destinationId: string): Promise<ExportView> {
    const view = await this.progress(destinationId);
    if (view) return view;
    throw noneRuns(destinationId);
  }

  /** The export that was started when this plan was approved too late. */
  private async replanned(
    destinationId: string,
    { planId }: ApproveInput,
  ): Promise<ApprovedExport | undefined> {
    const { exports } = await this.describe(destinationId);
    const next = exports.find(({ approval, next }) => next && approval?.planId === planId)?.next;
    return next && { disposition: 'replanned', ...next };
  }

  private handle(destinationId: string) {
    return this.client.workflow.getHandle<typeof mailchimpDestination>(destinationWorkflowId(destinationId));
  }

  private exportHandle(destinationId: string) {
    return this.client.workflow.getHandle(exportWorkflowId(destinationId));
  }

  private envelope(): Envelope {
    return { requestId: randomUUID(), notAfter: Date.now() + ACCEPT_MS };
  }

  private async update<Input, Answer>(
    destinationId: string,
    definition: UpdateDefinition<Answer, [Input, Envelope]>,
    input: Input,
  ): Promise<Answer> {
    return this.answer(destinationId, () =>
      this.handle(destinationId).startUpdate(definition, {
        args: [input, this.envelope()],
        waitForStage: 'ACCEPTED',
      }),
    );
  }

  private async answer<Answer>(
    destinationId: string,
    send: () => Promise<WorkflowUpdateHandle<Answer>>,
  ): Promise<Answer> {
    return this.ask(destinationId, async () => {
      const accepted = await send();
      try {
        return await this.client.withDeadline(Date.now() + ANSWER_MS, () => accepted.result());
      } catch (error) {
        throw error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
          ? answerMissing(destinationId)
          : error;
      }
    });
  }

  private async ask<Answer>(destinationId: string, work: () => Promise<Answer>): Promise<Answer> {
    try {
      await this.withDeadline(() => requireWorker(this.client, this.taskQueue));
      return await this.withDeadline(work);
    } catch (error) {
      throw await this.explain(error, destinationId);
    }
  }

  /** The server answers "not found" for a closed workflow too; people want to know which it is. */
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

  private async withDeadline<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    return this.client.withDeadline(Date.now() + ACCEPT_MS, work);
  }
}

function noneRuns(destinationId: string): ExportError {
  return new ExportError('EXPORT_NOT_FOUND', `No export of the destination ${destinationId} is running.`);
}
