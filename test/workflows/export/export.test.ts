import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import { AUDIENCE, CROWD, CROWD_MEMBERS, openStage, type Stage } from '../../support/stage';
import { reasonIn } from '../../support/export-state';
import { until } from '../../support/until';

describe('an export in trouble', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
  });

  afterEach(async () => {
    await stage.close();
  });

  const start = async () => {
    await stage.connect();
    await stage.configure();
    return stage.client.start(stage.destinationId);
  };
  const progress = () => stage.progress();
  const holdBatches = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
  const releaseBatches = () => stage.sandbox.control.set({ batchPolls: 0 });

  test('stops for an operator when the key is revoked, and continues where it was after resume', async () => {
    await stage.withWorker(async () => {
      holdBatches();
      const { id: exportId } = await start();
      await until(async () => (await progress())?.batches === 1);
      stage.sandbox.fail('401 on GET /batches/*');
      releaseBatches();
      const stopped = await until(async () => reasonIn(await progress(), 'stopped'));
      expect(stopped.code).toBe('KEY_INVALID');

      await (await stage.running()).resume();
      const report = await stage.follow(exportId);
      expect(report.outcomes).toMatchObject({ created: 8 });
      expect(report.tally?.batches).toBe(1);
    });
  });

  test('sends nothing new while it is paused, but reads what is under way', async () => {
    await stage.withWorker(async () => {
      const first = await start();
      await stage.follow(first.id);
      // Six contacts move from one segment to the other, and one is in both.
      await stage.writeMembers([...CROWD.map(({ id }) => [id, 'vip'] as const), ['000001', 'north']]);
      holdBatches();
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await until(async () => (await progress())?.batches === 1);
      await (await stage.running()).pause();
      releaseBatches();
      const paused = await until(async () => {
        const view = await progress();
        return view?.parts.done === 2 ? view : undefined;
      });
      expect(paused).toMatchObject({ isPaused: true, parts: { total: 3, submitted: 2, done: 2 } });
      expect(stage.sandbox.state(AUDIENCE).tags).toEqual({ VIP: 8, North: 7 });

      await (await stage.running()).resume();
      const report = await stage.follow(exportId);
      expect(report.outcomes).toMatchObject({ updated: 7, unchanged: 1 });
      expect(stage.sandbox.state(AUDIENCE).tags).toEqual({ VIP: 8, North: 1 });
    });
  });

  test('reads neither audience nor source when it is paused before that', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.fail('delay 2 s on GET /lists/*/merge-fields');
      const { id: exportId } = await stage.client.start(stage.destinationId);
      await (await stage.running()).pause();
      const hasEnded = async () => {
        const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
        const { events } = await handle.fetchHistory();
        return events?.some((event) => event.activityTaskCompletedEventAttributes);
      };
      await until(hasEnded);
      expect(await progress()).toMatchObject({ isPaused: true, phase: 'preflight' });
      expect(stage.sandbox.requests().filter(({ route }) => route.endsWith('/members'))).toEqual([]);

      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    });
  });

  test('reads the source while the audience is read', async () => {
    await stage.withWorker(async () => {
      await stage.follow((await start()).id);
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      const { events } = await handle.fetchHistory();
      const steps = (events ?? []).flatMap(
        ({
          activityTaskScheduledEventAttributes: scheduled,
          activityTaskCompletedEventAttributes: completed,
        }) => scheduled?.activityType?.name ?? (completed ? 'completed' : []),
      );
      expect(steps.slice(0, 4)).toEqual([
        'mailchimp.preflight',
        'completed',
        'mailchimp.takeSnapshot',
        'mailchimp.takeCensus',
      ]);
    });
  });

  test('does not wait for the audience when the source has nothing to export', async () => {
    await stage.withWorker(async () => {
      stage.sandbox.fail('hang 600 s on GET /lists/*/members');
      await stage.writeMembers([]);
      const { id: exportId } = await start();
      expect(await stage.follow(exportId)).toMatchObject({
        status: 'failed',
        failure: { code: 'SOURCE_EMPTY' },
      });
    });
  });

  test('is cancelled with its batches deleted, and the next export sends what has no proof again', async () => {
    await stage.withWorker(async () => {
      holdBatches();
      const { id: exportId } = await start();
      await until(async () => (await progress())?.batches === 1);
      await stage.handle(exportId).cancel();
      const cancelled = await stage.follow(exportId);
      expect(cancelled).toMatchObject({
        status: 'cancelled',
        selected: 8,
        outcomes: { created: 5, unproven: 3 },
      });
      expect(stage.sandbox.state(AUDIENCE).members).toBe(5);
      expect(stage.sandbox.requests()).toContainEqual(expect.objectContaining({ method: 'DELETE' }));

      releaseBatches();
      const next = await stage.export();
      expect(next).toMatchObject({
        status: 'completed',
        outcomes: { created: 3, unchanged: 5, unproven: 0 },
      });
    });
  });

  test('is settled by its destination when it is terminated', async () => {
    await stage.withWorker(async () => {
      holdBatches();
      const { id: exportId } = await start();
      await until(async () => (await progress())?.batches === 1);
      await stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId)).terminate('by the test');
      const lost = await stage.follow(exportId);
      expect(lost).toMatchObject({ status: 'failed', outcomes: { unproven: 3 } });

      releaseBatches();
      expect((await stage.export()).outcomes).toMatchObject({ created: 3 });
    });
  });

  test('sends the chunks of a batch whose results are cut off again, directly', async () => {
    await stage.withWorker(async () => {
      stage.sandbox.fail('truncated result 20 times');
      const { id: exportId } = await start();
      const report = await stage.follow(exportId);
      expect(report).toMatchObject({ status: 'completed', outcomes: { created: 8, unproven: 0 } });
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 8, tags: { VIP: 2, North: 6 } });
    });
  });

  test('is the same when every workflow task replays from the start', async () => {
    await stage.withWorker(
      async () => {
        const { id: exportId } = await start();
        expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
        expect((await stage.export()).outcomes).toMatchObject({ unchanged: 8 });
      },
      { maxCachedWorkflows: 0 },
    );
  });

  test('goes through with one slot for steps, and with two workers in one process', async () => {
    const connection = await NativeConnection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
    await stage.withWorker(
      () =>
        stage.withWorker(
          async () => {
            const { id: exportId } = await start();
            expect(await stage.follow(exportId)).toMatchObject({ outcomes: { created: 8 } });
            expect((await stage.export({ lane: 'direct' })).outcomes).toMatchObject({ unchanged: 8 });
          },
          { connection, maxConcurrentActivityTaskExecutions: 1 },
        ),
      { maxConcurrentActivityTaskExecutions: 1 },
    );
    await connection.close();
  });
});
