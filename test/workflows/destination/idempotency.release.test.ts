import type { ExportHandle } from '../../../src/client';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import { AUDIENCE, CONFIGURE, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { reasonIn } from '../../support/export-state';
import { until } from '../../support/until';

describe('a repeated request or attempt', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
  });

  afterEach(async () => {
    await stage.close();
  });

  const exportHandle = () => stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));

  /** Brings a run of the export back as it was after its first workflow task. */
  const reset = async () => {
    const { runId } = await exportHandle().describe();
    const { events } = await exportHandle().fetchHistory();
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    const { runId: revived } = await stage.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: exportWorkflowId(stage.destinationId), runId },
      reason: 'by the test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: first?.eventId ?? null,
    });
    return stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId), revived);
  };

  test('configures again while the first export, which has made the tags, still runs', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await until(async () => (await stage.progress())?.batches === 1);
      await stage.configure({ fields: { ...CONFIGURE.fields, COUNTRY: 'last' } });
      stage.sandbox.control.set({ batchPolls: 0 });
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed' });
      const { configuration } = await stage.client.describe(stage.destinationId);
      expect(configuration?.segments).toMatchObject([
        { tag: 'VIP', tagId: expect.any(Number) },
        { tag: 'North', tagId: expect.any(Number) },
      ]);
    });
  });

  test('does not take an export that runs for one with the configuration of now', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      const first = await stage.client.start(stage.destinationId);
      await stage.configure();
      expect(await stage.client.start(stage.destinationId)).toMatchObject({ disposition: 'joined' });
      await stage.configure({ fields: { FNAME: 'first', LNAME: 'last' } });
      const second = await stage.client.start(stage.destinationId);
      expect(second).toMatchObject({ number: 2, disposition: 'queued' });
      expect(await stage.client.start(stage.destinationId)).toMatchObject({
        number: 2,
        disposition: 'joined',
      });
      stage.sandbox.control.set({ batchPolls: 0 });
      await stage.follow(first.id);
      expect(await stage.follow(second.id)).toMatchObject({ status: 'completed' });
    });
  });

  test('a client that follows a queued export learns that it was cancelled', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      const first = await stage.client.start(stage.destinationId);
      const { destinationId } = stage;
      for (const end of [
        (waiting: ExportHandle) => waiting.cancel(),
        () => stage.client.remove(destinationId, { removedBy: 'tester' }),
      ]) {
        const waiting = await stage.client.start(destinationId, { options: { limit: 1 } });
        expect(waiting).toMatchObject({ disposition: 'queued' });
        await end(waiting);
        expect(await stage.follow(waiting.id)).toMatchObject({ status: 'cancelled', isSettled: false });
      }
      const { exports } = await stage.client.describe(destinationId);
      expect(exports.map(({ number, status }) => [number, status])).toEqual([
        [3, 'cancelled'],
        [2, 'cancelled'],
        [1, 'cancelled'],
      ]);
      expect(exports[2]?.exportId).toBe(first.id);
    });
  });

  test('reads results again after an outage, instead of sending everything again', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      // The first poll finds the batch finished; then the line is cut for a while.
      stage.sandbox.fail('reset 8 times after 1 on GET /batches/*');
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
      const sent = stage.sandbox.requests().filter(({ method, via }) => method === 'POST' && via === 'http');
      expect(sent.map(({ route }) => route).toSorted()).toEqual([
        '/batches',
        '/lists/{list_id}',
        '/lists/{list_id}/segments',
      ]);
    });
  });

  test('sends nothing in the name of an export that is settled', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.fail('401 on POST /batches');
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await until(async () => reasonIn(await stage.progress(), 'stopped'));
      await stage.handle(exportId).cancel();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled', isSettled: true });

      const revived = await reset();
      await expect(revived.result()).rejects.toMatchObject({ cause: { type: 'SUPERSEDED' } });
      expect(stage.sandbox.state(AUDIENCE).members).toBe(5);
      expect(await stage.export()).toMatchObject({ outcomes: { created: 3, unchanged: 5 } });
    });
  });
});
