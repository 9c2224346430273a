import { randomUUID } from 'node:crypto';
import {
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
  type WorkflowUpdateHandle,
} from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { fullView } from '../contract/compact';
import type { ConnectInput, Envelope, ExportEnvelope } from '../contract/destination';
import type { DestinationView } from '../contract/destination-view';
import type { ExportView } from '../contract/export';
import {
  DestinationIdSchema,
  destinationWorkflowId,
  exportWorkflowId,
  type ExportRef,
} from '../contract/identifiers';
import { ExportError } from '../errors';
import { connectUpdate, progressQuery, stateQuery } from '../workflows/messages';
import type { mailchimpDestination } from '../workflows';
import { destinationNotFound, noAnswerInTime, notRunning, toExportError } from './errors';
import { requireWorker } from './pollers';

/** A request that a worker reads later than this is refused, so that it cannot take effect after the caller has given up. */
const ACCEPT_TIMEOUT_MS = 10_000;
const RESULT_TIMEOUT_MS = 90_000;

/** Sends requests to the workflows of destinations and exports, with deadlines, and converts every expected error to an ExportError. */
export class Requests {
  readonly client: Client;
  readonly taskQueue: string;

  constructor(client: Client, taskQueue: string) {
    this.client = client;
    this.taskQueue = taskQueue;
  }

  /** Starts the destination with the request if there is none. */
  async connect(destinationId: string, input: ConnectInput): Promise<DestinationView> {
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
    const view = await this.resultOf(destinationId, () =>
      this.client.workflow.startUpdateWithStart(connectUpdate, {
        args: [input, newEnvelope()],
        waitForStage: 'ACCEPTED',
        startWorkflowOperation,
      }),
    );
    return fullView(view);
  }

  async updateDestination<Input, Result>(
    destinationId: string,
    definition: UpdateDefinition<Result, [Input, Envelope]>,
    input: Input,
  ): Promise<Result> {
    return this.resultOf(destinationId, () =>
      this.destination(destinationId).startUpdate(definition, {
        args: [input, newEnvelope()],
        waitForStage: 'ACCEPTED',
      }),
    );
  }

  /** Reaches this export only: the envelope names it, and another export of the destination refuses it. */
  async updateExport<Result>(
    ref: ExportRef,
    send: (open: WorkflowHandle, envelope: ExportEnvelope) => Promise<WorkflowUpdateHandle<Result>>,
  ): Promise<Result> {
    return this.resultOf(ref.destinationId, async () => {
      try {
        return await send(this.openExport(ref.destinationId), {
          ...newEnvelope(),
          exportId: ref.exportId,
        });
      } catch (error) {
        throw error instanceof WorkflowNotFoundError ? notRunning(ref) : error;
      }
    });
  }

  async state(destinationId: string): Promise<DestinationView> {
    return this.withWorker(destinationId, async () => {
      const view = fullView(await this.destination(destinationId).query(stateQuery));
      if (view.phase !== 'connecting') return view;
      const { status } = await this.destination(destinationId).describe();
      if (status.name === 'RUNNING') return view;
      // After a refused first connect there is a closed workflow, but no destination.
      throw new WorkflowNotFoundError('Never connected', destinationWorkflowId(destinationId), undefined);
    });
  }

  /** Undefined: the export has not begun, or another one has since. */
  async progress({ destinationId, exportId }: ExportRef): Promise<ExportView | undefined> {
    return this.withWorker(destinationId, async () => {
      try {
        const view = await this.openExport(destinationId).query(progressQuery);
        return view.ref.exportId === exportId ? view : undefined;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    });
  }

  /** For requests that need no worker. */
  async withoutWorker<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.withDeadline(work);
    } catch (error) {
      throw toExportError(error, { destinationId: '', taskQueue: null });
    }
  }

  private destination(destinationId: string) {
    return this.client.workflow.getHandle<typeof mailchimpDestination>(destinationWorkflowId(destinationId));
  }

  private openExport(destinationId: string) {
    return this.client.workflow.getHandle(exportWorkflowId(destinationId));
  }

  private async resultOf<Result>(
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
    // A workflow id can have more: "newsletter/export" would reach the export of that destination, which does not know these messages.
    if (!DestinationIdSchema.safeParse(destinationId).success) throw destinationNotFound(destinationId);
    try {
      await this.withoutWorker(() => requireWorker(this.client, this.taskQueue));
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
      const { memo } = await this.withDeadline(() => this.destination(destinationId).describe());
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

function newEnvelope(): Envelope {
  return { requestId: randomUUID(), notAfter: Date.now() + ACCEPT_TIMEOUT_MS };
}
