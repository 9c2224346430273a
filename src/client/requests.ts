import { randomUUID } from 'node:crypto';
import {
  QueryRejectedError,
  WithStartWorkflowOperation,
  WorkflowClient,
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
import { ExportError, ownerMismatch } from '../errors';
import { connectUpdate, progressQuery, stateQuery } from '../workflows/messages';
import type { mailchimpDestination } from '../workflows';
import { destinationNotFound, ended, noAnswerInTime, notRunning, toExportError } from './errors';
import { requireWorker } from './pollers';

/** A request that a worker reads later than this is refused, so that it cannot take effect after the caller has given up. */
const ACCEPT_TIMEOUT_MS = 10_000;
const RESULT_TIMEOUT_MS = 90_000;

/** `WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW` of the API of Temporal. */
const CONTINUED_AS_NEW = 6;

/** Sends requests to the workflows of destinations and exports, with deadlines, and converts every expected error to an ExportError. */
export class Requests {
  readonly client: Client;
  readonly taskQueue: string;
  /** The person that the host has authenticated. Undefined: requests say who asks. */
  readonly person: string | undefined;

  readonly #asking: WorkflowClient;
  /** How far the clock of the server is ahead of ours, as far as a refused request has shown. */
  #clockOffsetMs = 0;

  constructor(client: Client, taskQueue: string, person?: string) {
    this.client = client;
    this.taskQueue = taskQueue;
    this.person = person;
    // A workflow that was terminated would answer as if it lived.
    this.#asking = new WorkflowClient({
      ...client.workflow.options,
      connection: client.connection,
      queryRejectCondition: 'NOT_COMPLETED_CLEANLY',
    });
  }

  /** Starts the destination with the request if there is none. */
  async connect(destinationId: string, input: ConnectInput): Promise<DestinationView> {
    const start = {
      workflowId: destinationWorkflowId(destinationId),
      taskQueue: this.taskQueue,
      args: [{ destinationId }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Destination ${input.name}`,
    } satisfies ConstructorParameters<typeof WithStartWorkflowOperation<typeof mailchimpDestination>>[1];
    const view = await this.resultOf(destinationId, () =>
      this.client.workflow.startUpdateWithStart(connectUpdate, {
        args: [input, this.#newEnvelope()],
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation<typeof mailchimpDestination>(
          'mailchimpDestination',
          start,
        ),
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
        args: [input, this.#newEnvelope()],
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
          ...this.#newEnvelope(),
          exportId: ref.exportId,
        });
      } catch (error) {
        throw error instanceof WorkflowNotFoundError ? notRunning(ref) : error;
      }
    });
  }

  async state(destinationId: string): Promise<DestinationView> {
    return this.withWorker(destinationId, async () => {
      const view = await this.#ask(destinationId);
      if (view.taskQueue !== undefined && view.taskQueue !== this.taskQueue)
        throw ownerMismatch(destinationId, view.taskQueue);
      if (view.phase !== 'connecting') return view;
      const { status } = await this.destination(destinationId).describe();
      if (status.name === 'RUNNING') return view;
      // After a refused first connect there is a closed workflow, but no destination.
      throw new WorkflowNotFoundError('Never connected', destinationWorkflowId(destinationId), undefined);
    });
  }

  /** @throws WorkflowNotFoundError also for a workflow that was ended from outside */
  async #ask(destinationId: string, attempts = 5): Promise<DestinationView> {
    const workflowId = destinationWorkflowId(destinationId);
    try {
      return fullView(
        await this.#asking.getHandle<typeof mailchimpDestination>(workflowId).query(stateQuery),
      );
    } catch (error) {
      if (!(error instanceof QueryRejectedError)) throw error;
      const status: number = error.status;
      // It reached a run at the moment of its end; the next one is there already.
      if (status === CONTINUED_AS_NEW && attempts > 1) return this.#ask(destinationId, attempts - 1);
      throw new WorkflowNotFoundError('Ended from outside', workflowId, undefined);
    }
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
    const ask = async (): Promise<Result> => {
      const accepted = await send();
      try {
        return await this.client.withDeadline(Date.now() + RESULT_TIMEOUT_MS, () => accepted.result());
      } catch (error) {
        throw error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
          ? noAnswerInTime(destinationId)
          : error;
      }
    };
    return this.withWorker(destinationId, () => this.#byServerTime(ask));
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

  /** The server replies "not found" for a closed workflow too; this tells how the destination ended. */
  private async explain(error: unknown, destinationId: string): Promise<unknown> {
    const translated = toExportError(error, { destinationId, taskQueue: this.taskQueue });
    if (!(translated instanceof ExportError) || translated.code !== 'DESTINATION_NOT_FOUND')
      return translated;
    try {
      const { memo, status } = await this.withDeadline(() => this.destination(destinationId).describe());
      return ended(destinationId, { phase: memo?.['state'], status: status.name }) ?? translated;
    } catch {
      return translated;
    }
  }

  private async withDeadline<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.client.withDeadline(Date.now() + ACCEPT_TIMEOUT_MS, work);
  }

  #newEnvelope(): Envelope {
    const sentAt = Date.now() + this.#clockOffsetMs;
    return {
      requestId: randomUUID(),
      sentAt,
      notAfter: sentAt + ACCEPT_TIMEOUT_MS,
      taskQueue: this.taskQueue,
    };
  }

  /**
   * Sends a request once more, by the clock of the server, where it was refused as too late, or as from the future, while it was in time by
   * how long it took: then our clock is wrong.
   */
  async #byServerTime<Result>(send: () => Promise<Result>): Promise<Result> {
    const began = performance.now();
    try {
      return await send();
    } catch (error) {
      const translated = toExportError(error, { destinationId: '', taskQueue: this.taskQueue });
      const serverTimeMs = translated instanceof ExportError && translated.details['serverTimeMs'];
      if (typeof serverTimeMs !== 'number' || performance.now() - began > ACCEPT_TIMEOUT_MS) throw error;
      this.#clockOffsetMs = serverTimeMs - Date.now();
      return send();
    }
  }
}
