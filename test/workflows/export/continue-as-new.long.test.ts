import { describe, expect, test } from '@jest/globals';
import type { ExportView } from '../../../src/client';
import { noOutcomes } from '../../../src/contract/outcome';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import { AUDIENCE } from '../../support/stage';
import { until } from '../../support/until';
import {
  FIRST,
  PART,
  releaseBatches,
  runs,
  stage,
  startHeldExport,
  submitted,
  SUGGESTED_AT,
  untilRuns,
  writePeople,
} from './growing-history';

describe('an export whose history grows', () => {
  test('hands over to fresh runs with batches in flight and parts to go; every profile has one outcome', async () => {
    const people = FIRST + 4 * PART + 1;
    await writePeople(people);
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await untilRuns(2);
      releaseBatches();
      const views: ExportView[] = [];
      const handle = stage.handle(exportId);
      for await (const view of handle.follow()) views.push(view);

      const { outcomes, ...report } = await handle.result();
      expect(report).toMatchObject({ status: 'completed', selected: people, tally: { batches: 5 } });
      expect(outcomes).toEqual({ ...noOutcomes(), created: people });
      expect(submitted()).toBe(5);
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: people, tags: { VIP: people } });

      expect(views.length).toBeGreaterThan(1);
      for (const [index, view] of views.entries()) {
        const before = views[index - 1] ?? view;
        expect(view.startedAt).toBe(before.startedAt);
        expect(view.parts.total).toBe(6);
        expect(view.parts.done).toBeGreaterThanOrEqual(before.parts.done);
        expect(view.done).toBeGreaterThanOrEqual(before.done);
        expect(view.requests).toBeGreaterThanOrEqual(before.requests);
      }
      expect(Math.max(...(await runs()))).toBeLessThan(5 * SUGGESTED_AT);
    });
  });

  test('stays paused in the next run, and goes on there', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await until(async () => (await stage.progress())?.batches === 1);
      await (await stage.running()).pause();
      const count = (await runs()).length;
      await untilRuns(count + 1);
      expect(await stage.progress()).toMatchObject({ isPaused: true });
      releaseBatches();
      // What was under way is read also there.
      await until(async () => (await stage.progress())?.parts.done === 2);
      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    });
  });

  test('is cancelled in a later run as in the first, with its batches deleted', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await until(async () => (await stage.progress())?.batches === 1);
      await untilRuns(2);
      await stage.handle(exportId).cancel();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled', outcomes: { unproven: 3 } });
      expect(stage.sandbox.requests()).toContainEqual(expect.objectContaining({ method: 'DELETE' }));
      releaseBatches();
      expect((await stage.export()).outcomes).toMatchObject({ created: 3 });
    });
  });

  test('is cancelled when that is asked for while it hands over', async () => {
    await writePeople(FIRST + PART + 1);
    Object.assign(stage.config.accounts['main']!, { longestRequestSeconds: 90 });
    await stage.withWorker(async () => {
      // One part is submitted, and the run long enough by then; it waits for the other.
      stage.sandbox.fail('delay 30 s on POST /batches');
      const exportId = await startHeldExport();
      await until(async () => (await stage.progress())?.batches === 1);
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      const { runId } = await until(async () => {
        const run = await handle.describe();
        return run.historyLength >= SUGGESTED_AT && run;
      });
      await stage.handle(exportId).cancel();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'cancelled', selected: FIRST + PART + 1 });
      expect((await handle.describe()).runId).toBe(runId);
    });
  });

  test('is cancelled in a later run by the end of its destination', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(async () => {
      await startHeldExport();
      await untilRuns(2);
      const destination = stage.temporal.workflow.getHandle(destinationWorkflowId(stage.destinationId));
      await destination.cancel();
      await until(async () => (await destination.describe()).status.name !== 'RUNNING');
      const handle = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      expect((await handle.describe()).status.name).toBe('CANCELLED');
    });
  });

  test('hands over again and again while one batch takes long, and submits it once', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(
      async () => {
        const exportId = await startHeldExport();
        await untilRuns(3);
        releaseBatches();
        expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
        expect(submitted()).toBe(1);
      },
      { maxCachedWorkflows: 0 },
    );
  });
});
