import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mailchimpExportsHandler } from '../../src/nexus/handler';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';
import type { exportByChild, exportByNexus } from './host-workflows';

let workflowBundle: { code: string };
let stage: Stage;

beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(__dirname, 'host-workflows.ts'),
    logger: new DefaultLogger('WARN'),
  });
});

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(() => stage.close());

test("a host's workflow calls an export as a child, and gets its report", async () => {
  await stage.withWorker(
    async () => {
      await stage.connect();
      await stage.configure();
      const created = await stage.temporal.workflow.execute<typeof exportByChild>('exportByChild', {
        taskQueue: stage.taskQueue,
        workflowId: `host-${randomUUID()}`,
        args: [{ destinationId: stage.destinationId }],
      });
      expect(created).toBe(8);
    },
    { workflowBundle },
  );
});

describe('from another namespace', () => {
  let namespace: string;
  let endpoint: string;
  let connection: NativeConnection;

  beforeAll(async () => {
    namespace = `callers-${randomUUID().slice(0, 8)}`;
    connection = await NativeConnection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  });

  afterAll(() => connection.close());

  beforeEach(async () => {
    const { workflowService, operatorService } = stage.temporal.connection;
    await workflowService
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 } as never })
      .catch((error: { code?: number }) => {
        if (error.code !== 6) throw error;
      });
    endpoint = `exports-${randomUUID().slice(0, 8)}`;
    const { taskQueue } = stage;
    await operatorService.createNexusEndpoint({
      spec: { name: endpoint, target: { worker: { namespace: 'default', taskQueue } } },
    });
  });

  test('a workflow exports through Nexus', async () => {
    const taskQueue = `callers-${randomUUID()}`;
    await stage.withWorker(
      async () => {
        await stage.connect();
        await stage.configure();
        // A namespace that was just registered is not known everywhere at once.
        const worker = await until(() =>
          Worker.create({ connection, namespace, taskQueue, workflowBundle }).catch(() => undefined),
        );
        const callers = new Client({ connection: stage.temporal.connection, namespace });
        await worker.runUntil(async () => {
          const created = await callers.workflow.execute<typeof exportByNexus>('exportByNexus', {
            taskQueue,
            workflowId: `caller-${randomUUID()}`,
            args: [endpoint, { destinationId: stage.destinationId }],
          });
          expect(created).toBe(8);
        });
        const [report] = (await stage.client.describe(stage.destinationId)).exports;
        expect(report).toMatchObject({ number: 1, status: 'completed' });
      },
      { workflowBundle, nexusServices: [mailchimpExportsHandler] },
    );
  });
});
