import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Envelope } from '../../../src/contract/destination';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import type { mailchimpDestination, mailchimpExport } from '../../../src/workflows';
import {
  configureUpdate,
  connectUpdate,
  progressQuery,
  startJobUpdate,
} from '../../../src/workflows/messages';
import { reasonIn } from '../../support/export-state';
import { startTimeSkipping } from '../../support/skip-time';
import {
  AUDIENCE,
  CONFIGURE,
  CONNECT,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  type Stage,
} from '../../support/stage';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('an export on a server that skips time', () => {
  let environment: TestWorkflowEnvironment;
  let stage: Stage;

  beforeEach(async () => {
    environment = await startTimeSkipping();
    stage = await openStage({ address: environment.address });
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
  });

  afterEach(async () => {
    await stage.close();
    await environment.teardown();
  });

  const envelope = async (): Promise<Envelope> => ({
    requestId: randomUUID(),
    notAfter: (await environment.currentTimeMs()) + MINUTE_MS,
  });

  /** Without ExportClient, which first asks the server for pollers: this server does not report them. */
  async function start() {
    const { workflow } = environment.client;
    const workflowId = destinationWorkflowId(stage.destinationId);
    await workflow.executeUpdateWithStart(connectUpdate, {
      args: [CONNECT, await envelope()],
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
    const destination = workflow.getHandle(workflowId);
    await destination.executeUpdate(configureUpdate, { args: [CONFIGURE, await envelope()] });
    await destination.executeUpdate(startJobUpdate, {
      args: [{ kind: 'export', options: { lane: 'batch' } }, await envelope()],
    });
    return workflow.getHandle<typeof mailchimpExport>(exportWorkflowId(stage.destinationId));
  }

  const members = () => stage.sandbox.state(AUDIENCE).members;

  test('waits hours for a batch that moves on slowly, with a small history', async () => {
    // The first polls come soon, the later ones after a third of the time so far.
    stage.sandbox.control.set({ batchPolls: { pending: 33, preprocessing: 3 } });
    await stage.withWorker(async () => {
      const began = Date.now();
      const handle = await start();
      const report = await handle.result();
      expect(report.durationMs).toBeGreaterThan(2.5 * HOUR_MS);
      expect(report.durationMs).toBeLessThan(8 * HOUR_MS);
      expect(Date.now() - began).toBeLessThan(2 * MINUTE_MS);
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 8 }, tally: { batches: 1 } });
      expect(members()).toBe(8);

      const { events = [] } = await handle.fetchHistory();
      const [first, last] = [events?.at(0), events?.at(-1)].map((event) => Number(event?.eventTime?.seconds));
      expect((last! - first!) * 1000).toBeGreaterThan(2.5 * HOUR_MS);
      expect(events?.length).toBeLessThan(500);
    });
  });

  test('looks ever less often for a batch whose reply is lost while another tool may have submitted it', async () => {
    stage.sandbox.fail('reset after applying on POST /batches');
    stage.sandbox.fail('stuck batch');
    await stage.withWorker(async () => {
      const handle = await start();
      const began = await environment.currentTimeMs();
      await environment.sleep('30 minutes');
      expect(await handle.query(progressQuery)).toMatchObject({ phase: 'delivering', batches: 0 });
      expect((await environment.currentTimeMs()) - began).toBeGreaterThanOrEqual(30 * MINUTE_MS);
      const { events } = await handle.fetchHistory();
      expect(events?.length).toBeGreaterThan(100);
      expect(events?.length).toBeLessThan(400);
      stage.sandbox.control.releaseBatches();
      const report = await handle.result();
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 8 }, tally: { batches: 1 } });
      expect(members()).toBe(8);
    });
  });

  test('says that it waits while Mailchimp is unavailable, and continues by itself', async () => {
    // A cut line, since refusals like 503 are repeated within the step, in real seconds.
    stage.sandbox.fail('reset always on GET /batches/*');
    await stage.withWorker(async () => {
      const handle = await start();
      const began = await environment.currentTimeMs();
      const waiting = await passTimeUntil(async () => reasonIn(await handle.query(progressQuery), 'waiting'));
      expect(waiting).toMatchObject({ code: 'MAILCHIMP_UNAVAILABLE' });
      // The minute in which the test looks, and the time of the start.
      expect((await environment.currentTimeMs()) - began).toBeLessThan(2 * MINUTE_MS);
      await environment.sleep('30 minutes');
      const { state } = await handle.query(progressQuery);
      expect(state).toMatchObject({ kind: 'waiting', retryAt: expect.stringMatching(/Z$/) });

      stage.sandbox.clearFaults();
      const report = await handle.result();
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 8 }, tally: { batches: 1 } });
      expect(report.durationMs).toBeGreaterThan(30 * MINUTE_MS);
      // The next try comes by the timer, and after it the polls come as soon as before.
      expect(report.durationMs).toBeLessThan(60 * MINUTE_MS);
      expect(members()).toBe(8);
    });
  });

  test('gives a batch up within the hour whose operations are finished, and whose results never come', async () => {
    stage.sandbox.fail('stuck finalizing batch');
    await stage.withWorker(async () => {
      const handle = await start();
      const report = await handle.result();
      expect(report).toMatchObject({ status: 'completed', outcomes: { unproven: 0 } });
      expect(report.durationMs).toBeLessThan(HOUR_MS);
      expect(members()).toBe(8);
    });
  });

  test('deletes a batch without progress for four hours, and sends its contacts directly, each once', async () => {
    stage.sandbox.fail('stuck batch');
    await stage.withWorker(async () => {
      const handle = await start();
      const report = await handle.result();
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 8, unproven: 0 } });
      expect(report.tally).toMatchObject({ batches: 1, lanes: { direct: 8, batch: 0 } });
      expect(report.durationMs).toBeGreaterThan(4 * HOUR_MS);
      expect(report.durationMs).toBeLessThan(4.5 * HOUR_MS);
      expect(members()).toBe(8);
      expect(stage.sandbox.requests()).toContainEqual(
        expect.objectContaining({ method: 'DELETE', route: '/batches/{batch_id}', count: 1 }),
      );
    });
  });

  async function passTimeUntil<Fact>(ask: () => Promise<Fact | undefined>): Promise<Fact> {
    for (let minute = 0; minute < 60; minute++) {
      const fact = await ask();
      if (fact !== undefined) return fact;
      await environment.sleep('1 minute');
    }
    throw new Error(`Passed an hour in vain for: ${ask.toString()}`);
  }
});
