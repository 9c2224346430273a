import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import { pauseUpdate, resumeUpdate } from '../../../src/workflows/messages';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { reasonIn } from '../../support/export-state';
import { until } from '../../support/until';

describe('a destination that receives requests at any moment', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
  });

  afterEach(async () => {
    await stage.close();
  });

  const show = () => stage.client.describe(stage.destinationId);
  const holdBatches = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
  const releaseBatches = () => stage.sandbox.control.set({ batchPolls: 0 });
  const destination = () => stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
  const isOver = async () => (await destination().describe()).status.name !== 'RUNNING';

  const hasAccepted = async (update: string, times: number) => {
    const { events } = await destination().fetchHistory();
    const accepted = (events ?? []).filter(
      (event) =>
        event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name === update,
    );
    return accepted.length === times;
  };

  /** Tidying reads the baseline of each export; reading it from a pipe blocks until one is written. */
  const holdTidying = async () => {
    const folder = join(stage.folder, 'staging/destinations', stage.destinationId, 'exports/held');
    await mkdir(folder, { recursive: true });
    const pipe = join(folder, 'baseline.json');
    execFileSync('mkfifo', [pipe]);
    // Old enough to be deleted, so that it blocks only once.
    return () => writeFile(pipe, JSON.stringify({ settledAt: '2020-01-01T00:00:00Z' }));
  };

  /** Occupies the workflow id of the export, as an export does that outlived its destination: the server allows no second one. */
  const holdExportId = async () => {
    const held = await stage.temporal.workflow.start('never-run', {
      workflowId: exportWorkflowId(stage.destinationId),
      taskQueue: `${stage.taskQueue}-unused`,
    });
    return () => held.terminate();
  };

  test('accepts an export while it tidies after another', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const goOn = await holdTidying();
      const first = await stage.client.start(stage.destinationId);
      await until(async () => (await show()).exports[0]?.exportId === first.id);
      const second = await stage.client.start(stage.destinationId);
      await goOn();
      expect(second).toMatchObject({ number: 2, disposition: 'started' });
      expect(await stage.follow(second.id)).toMatchObject({ number: 2, outcomes: { unchanged: 8 } });
    });
  });

  test('answers at once while an earlier export is still open, and can cancel the one that waits for it', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const goOn = await holdExportId();
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await stage.handle(exportId).cancel();
      const cancelled = await until(async () => (await show()).exports[0]);
      expect(cancelled).toMatchObject({ exportId, status: 'cancelled', selected: 0 });
      await goOn();
    });
  });

  test('starts no export after it was removed, also none that was about to start', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const goOn = await holdExportId();
      await stage.client.start(stage.destinationId);
      const removed = await stage.client.remove(stage.destinationId, { removedBy: 'tester' });
      expect(removed).toMatchObject({ phase: 'removed', exports: [{ status: 'cancelled' }] });
      await goOn();
      await until(isOver);
      const { events } = await destination().fetchHistory();
      expect(events?.filter((event) => event.childWorkflowExecutionStartedEventAttributes)).toEqual([]);
    });
  });

  test('ends when it is removed, whatever requests are waiting', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.fail('delay 8 s on GET /lists/*/merge-fields');
      const configuring = stage.configure();
      await until(() => hasAccepted('configure', 2));
      const removing = stage.client.remove(stage.destinationId, { removedBy: 'tester' });
      await until(() => hasAccepted('removeDestination', 1));
      const others = [stage.configure(), stage.client.start(stage.destinationId)].map((asked) =>
        expect(asked).rejects.toMatchObject({ code: 'DESTINATION_REMOVED' }),
      );
      await configuring;
      expect(await removing).toMatchObject({ phase: 'removed' });
      await Promise.all(others);
      await until(isOver);
      expect(await show()).toMatchObject({ phase: 'removed', queued: [] });
    });
  });

  test('keeps the tags of an export that ends while a configuration is checked', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      holdBatches();
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await until(async () => (await stage.progress())?.batches === 1);
      stage.sandbox.fail('delay 8 s on GET /lists/*/merge-fields');
      const configuring = stage.configure();
      await until(() => hasAccepted('configure', 2));
      releaseBatches();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed' });
      await configuring;
      const { configuration } = await show();
      expect(configuration?.segments).toMatchObject([
        { tagId: expect.any(Number), knownAs: 'VIP' },
        { tagId: expect.any(Number), knownAs: 'North' },
      ]);
    });
  });

  test('is not disturbed by a resume while a cancelled export winds down', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      holdBatches();
      const { id: exportId } = await stage.client.start(stage.destinationId);
      const progress = () => stage.progress();
      await until(async () => (await progress())?.batches === 1);
      stage.sandbox.fail('401 on GET /batches/*');
      await until(async () => reasonIn(await progress(), 'stopped'));
      // The resume must come before it has wound down.
      stage.sandbox.fail('delay 5 s on DELETE /batches/*');
      await stage.handle(exportId).cancel();
      await until(async () => (await progress())?.state.kind === 'cancelling');
      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({
        status: 'cancelled',
        outcomes: { created: 5, unproven: 3 },
      });
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      const { events = [] } = await handle.fetchHistory();
      expect(events?.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
    });
  });

  test('gets a copy of its staging store only once a connect has ended, which keeps the store of the worker that checks it', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      const { storeId: from } = await show();
      const to = from === '00000000' ? '00000001' : '00000000';
      stage.sandbox.fail('delay 5 s on GET /lists/*');
      const connecting = stage.connect({ name: 'Renamed' });
      await until(() => hasAccepted('connect', 2));
      await expect(stage.client.moveStore(stage.destinationId, { from, to })).rejects.toMatchObject({
        code: 'DESTINATION_BUSY',
      });
      await connecting;
      await stage.client.moveStore(stage.destinationId, { from, to });
      expect(await show()).toMatchObject({ name: 'Renamed', storeId: to });
    });
  });

  test('has an export that is neither paused nor resumed by a request that is read too late', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      holdBatches();
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await until(() => stage.progress());
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      const late = { requestId: randomUUID(), notAfter: Date.now() - 1, exportId };
      for (const update of [pauseUpdate, resumeUpdate]) {
        await expect(handle.executeUpdate(update, { args: [late] })).rejects.toMatchObject({
          cause: { type: 'REQUEST_EXPIRED' },
        });
      }
    });
  });
});
