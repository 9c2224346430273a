import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { fullView } from '../../src/contract/compact';
import type { ConfigureInput, ConnectInput, Envelope } from '../../src/contract/destination';
import type { ExportOptionsInput } from '../../src/contract/export-options';
import type { DestinationView } from '../../src/contract/destination-view';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import type { mailchimpDestination, mailchimpExport } from '../../src/workflows';
import {
  cancelExportUpdate,
  configureUpdate,
  connectUpdate,
  startJobUpdate,
  stateQuery,
} from '../../src/workflows/messages';
import { startTimeSkipping } from '../support/skip-time';
import { CONFIGURE, CONNECT, openStage, type Stage } from '../support/stage';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A stage on a server that skips time. Without ExportClient, which first asks the server for pollers: this server does not report them. */
export interface Skipping {
  readonly environment: TestWorkflowEnvironment;
  readonly stage: Stage;
  envelope(): Promise<Envelope>;
  connect(change?: Partial<ConnectInput>): Promise<void>;
  configure(change?: Partial<ConfigureInput>): Promise<void>;
  /** Requests an export. */
  start(options?: ExportOptionsInput): Promise<void>;
  /** Cancels the export that runs. */
  cancel(): Promise<void>;
  /** The export that is open, or was last. */
  exportHandle(): ReturnType<typeof handleOf>;
  show(): Promise<DestinationView>;
  /** Passes time by the minute until a fact holds. */
  passTimeUntil<Fact>(ask: () => Promise<Fact | null | undefined | false>): Promise<Fact>;
  close(): Promise<void>;
}

function handleOf(environment: TestWorkflowEnvironment, destinationId: string) {
  return environment.client.workflow.getHandle<typeof mailchimpExport>(exportWorkflowId(destinationId));
}

export async function openSkipping(): Promise<Skipping> {
  const environment = await startTimeSkipping();
  const stage = await openStage({ address: environment.address });
  const { workflow } = environment.client;
  const workflowId = destinationWorkflowId(stage.destinationId);
  const destination = workflow.getHandle(workflowId);
  const envelope = async (): Promise<Envelope> => ({
    requestId: randomUUID(),
    notAfter: (await environment.currentTimeMs()) + MINUTE_MS,
  });
  return {
    environment,
    stage,
    envelope,
    connect: async (change = {}) => {
      await workflow.executeUpdateWithStart(connectUpdate, {
        args: [{ ...CONNECT, ...change }, await envelope()],
        startWorkflowOperation: new WithStartWorkflowOperation<typeof mailchimpDestination>(
          'mailchimpDestination',
          {
            workflowId,
            taskQueue: stage.taskQueue,
            args: [{ destinationId: stage.destinationId }],
            workflowIdConflictPolicy: 'USE_EXISTING',
          },
        ),
      });
    },
    configure: async (change = {}) => {
      await destination.executeUpdate(configureUpdate, {
        args: [{ ...CONFIGURE, ...change }, await envelope()],
      });
    },
    start: async (options = {}) => {
      await destination.executeUpdate(startJobUpdate, {
        args: [{ kind: 'export', options }, await envelope()],
      });
    },
    cancel: async () => {
      const { running } = fullView(await destination.query(stateQuery));
      await destination.executeUpdate(cancelExportUpdate, {
        args: [{ exportId: running!.exportId }, await envelope()],
      });
    },
    exportHandle: () => handleOf(environment, stage.destinationId),
    show: async () => fullView(await destination.query(stateQuery)),
    passTimeUntil: async (ask) => {
      for (let minute = 0; minute < 60; minute++) {
        const fact = await ask();
        if (fact !== null && fact !== undefined && fact !== false) return fact;
        await environment.sleep('1 minute');
      }
      throw new Error(`Passed an hour in vain for: ${ask.toString()}`);
    },
    close: async () => {
      await stage.close();
      await environment.teardown();
    },
  };
}
