import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ExportFailedError, type ExportHandle, type ExportView } from '../../src/client';
import { exportWorkflowId } from '../../src/contract/identifiers';
import { approveUpdate, denyUpdate, pauseUpdate, resumeUpdate } from '../../src/workflows/messages';
import { callMailchimp, tagIdOf } from '../support/mailchimp';
import {
  AUDIENCE,
  CROWD,
  CROWD_MEMBERS,
  openStage,
  person,
  reportOf,
  startSharedWorker,
  type SharedWorker,
  type Stage,
} from '../support/stage';
import { heldIn } from '../support/export-state';
import { until } from '../support/until';

/** As many as tests. */
const STAGES = 13;

let worker: SharedWorker;
let stage: Stage;

beforeAll(async () => {
  worker = await startSharedWorker(STAGES);
});

afterAll(async () => {
  await worker.close();
});

beforeEach(async () => {
  stage = worker.nextStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

const ready = async () => {
  await stage.connect();
  await stage.configure();
};
const start = () => stage.client.start(stage.destinationId);
const holdBatches = () => stage.sandbox.control.set({ batchPolls: 1_000_000 });
const releaseBatches = () => stage.sandbox.control.set({ batchPolls: 0 });
const hasSent = (handle: ExportHandle) => until(async () => (await handle.progress())?.batches === 1);

/** The segment vip falls to zero. */
const startHeld = async () => {
  await ready();
  await stage.export();
  await stage.writeMembers(CROWD_MEMBERS.filter(([, segment]) => segment === 'north'));
  const handle = await start();
  return { handle, held: await until(async () => heldIn(await handle.progress())) };
};

const failureOf = async (handle: ExportHandle) => {
  const error: unknown = await handle.result().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ExportFailedError);
  return error as ExportFailedError;
};

describe('the handle of an export', () => {
  test('of a name that no destination can have reaches no other workflow', async () => {
    await stage.withWorker(async () => {
      await ready();
      await stage.export();
      const destinationId = `${stage.destinationId}/export`;
      const handle = stage.client.handle({ destinationId, exportId: randomUUID() });
      const requests = [
        () => handle.progress(),
        () => handle.report(),
        () => handle.result(),
        () => handle.pause(),
        () => handle.cancel(),
        () => stage.client.describe(destinationId),
        () => stage.client.start(destinationId),
        () => stage.client.remove(destinationId, { removedBy: 'Ada' }),
      ];
      for (const request of requests)
        await expect(request()).rejects.toMatchObject({ code: 'DESTINATION_NOT_FOUND' });
    });
  });

  test('has what its start returned, follows it to its end, and returns its report', async () => {
    await stage.withWorker(async () => {
      await ready();
      holdBatches();
      const handle = await start();
      expect(JSON.parse(JSON.stringify(handle))).toEqual({
        destinationId: stage.destinationId,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        workflowId: exportWorkflowId(stage.destinationId),
        number: 1,
        disposition: 'started',
        firstExecutionRunId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(await handle.report()).toBeUndefined();
      const views: ExportView[] = [];
      for await (const view of handle.follow()) {
        views.push(view);
        releaseBatches();
      }
      expect(views[0]).toMatchObject({ ref: { exportId: handle.id }, number: 1 });
      const report = await handle.result();
      expect(report).toMatchObject({ exportId: handle.id, status: 'completed', outcomes: { created: 8 } });
      expect(await handle.report()).toEqual(report);
      expect(await handle.progress()).toBeUndefined();
    });
  });

  test('is found by its ids, also after it has ended, and an unknown one is not', async () => {
    await stage.withWorker(async () => {
      await ready();
      const report = await stage.export();
      const { destinationId, exportId } = report;
      expect(await stage.client.handle({ destinationId, exportId }).result()).toEqual(report);
      expect(await stage.client.handle(report).report()).toEqual(report);
      const unknown = stage.handle(randomUUID());
      for (const ask of [unknown.progress(), unknown.report(), unknown.result(), unknown.pause()])
        await expect(ask).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
      await expect(async () => {
        for await (const _ of unknown.follow());
      }).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    });
  });

  test('of a plan is of the same kind', async () => {
    await stage.withWorker(async () => {
      await ready();
      const handle = await stage.client.plan(stage.destinationId);
      expect(await handle.result()).toMatchObject({ status: 'planned', outcomes: { created: 8 } });
      expect(stage.sandbox.state(AUDIENCE).members).toBe(0);
    });
  });

  test('that has ended, or waits for its turn, changes nothing about the export that runs', async () => {
    await stage.withWorker(async () => {
      await ready();
      const ended = await start();
      await ended.result();
      const more = Array.from({ length: 2 * CROWD.length }, (_, index) => person(index + 1));
      await stage.writeProfiles(more);
      await stage.writeMembers([...CROWD_MEMBERS, ...more.map(({ id }) => [id, 'north'] as const)]);
      holdBatches();
      const running = await start();
      await hasSent(running);
      const queued = await stage.client.start(stage.destinationId, { options: { limit: 1 } });
      expect(queued.disposition).toBe('queued');
      expect(await queued.progress()).toBeUndefined();
      const decision = { planId: randomUUID(), by: 'Kim' };
      for (const other of [ended, queued]) {
        for (const ask of [
          () => other.pause(),
          () => other.resume(),
          () => other.approve(decision),
          () => other.deny(decision),
          ...(other === ended ? [() => other.cancel()] : []),
        ])
          await expect(ask()).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
      }
      expect(await running.progress()).toMatchObject({ isPaused: false, state: { kind: 'running' } });
      releaseBatches();
      expect(await running.result()).toMatchObject({ number: 2, status: 'completed' });
    });
  });

  test('is safe also from a request that names no export', async () => {
    await stage.withWorker(async () => {
      await ready();
      holdBatches();
      await hasSent(await start());
      const open = stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
      const envelope = { requestId: randomUUID(), notAfter: Date.now() + 60_000 } as never;
      const refused = { cause: { type: 'INPUT_INVALID' } };
      for (const update of [pauseUpdate, resumeUpdate])
        await expect(open.executeUpdate(update, { args: [envelope] })).rejects.toMatchObject(refused);
      for (const update of [approveUpdate, denyUpdate]) {
        const args: [{ planId: string; by: string }, never] = [{ planId: 'p', by: 'Kim' }, envelope];
        await expect(open.executeUpdate(update, { args })).rejects.toMatchObject(refused);
      }
      releaseBatches();
    });
  });
});

describe('result', () => {
  test('throws the code of an export that failed, with its report', async () => {
    await stage.withWorker(async () => {
      await ready();
      await stage.writeProfiles([CROWD[0]!, CROWD[0]!]);
      const handle = await start();
      const { code, message, report } = await failureOf(handle);
      expect(code).toBe('SOURCE_KEY_NOT_UNIQUE');
      expect(message).toMatch(new RegExp(`^Export 1 of ${stage.destinationId} failed: `));
      expect(report).toMatchObject({ exportId: handle.id, status: 'failed', failure: { code } });
      expect(await handle.report()).toEqual(report);
    });
  });

  test('throws for an export that was cancelled, with what was acknowledged before', async () => {
    await stage.withWorker(async () => {
      await ready();
      holdBatches();
      const handle = await start();
      await hasSent(handle);
      await handle.cancel();
      const { code, report } = await failureOf(handle);
      expect(code).toBe('EXPORT_CANCELLED');
      // The canary of five contacts was acknowledged.
      expect(report).toMatchObject({ status: 'cancelled', outcomes: { created: 5 } });
      await expect(handle.cancel()).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    });
  });

  test('throws for an export that was denied; a repeated denial is harmless', async () => {
    await stage.withWorker(async () => {
      const { handle, held } = await startHeld();
      const decision = { planId: held.planId, by: 'Kim' };
      await handle.deny(decision);
      const { code, report } = await failureOf(handle);
      expect(code).toBe('EXPORT_DENIED');
      expect(report).toMatchObject({ status: 'denied', outcomes: { not_sent: 2 } });
      await handle.deny(decision);
      await expect(handle.approve(decision)).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    });
  });

  test('and follow go on with the export that replaced the one that was approved too late', async () => {
    await stage.withWorker(async () => {
      const { handle, held } = await startHeld();
      const tagId = await tagIdOf(stage.sandbox, AUDIENCE, 'North');
      await callMailchimp(stage.sandbox, `PATCH /lists/${AUDIENCE}/segments/${tagId}`, { name: 'Nord' });
      // Long enough that following sees the replacement.
      stage.sandbox.fail('delay 2 s always on GET /');
      const following = (async () => {
        const seen = new Set<string>();
        for await (const { ref } of handle.follow()) seen.add(ref.exportId);
        return seen;
      })();
      const decision = { planId: held.planId, by: 'Kim' };
      await handle.approve(decision);
      const report = await handle.result();
      expect(report).toMatchObject({ number: 3, status: 'completed', outcomes: { removed: 2 } });
      expect(report.exportId).not.toBe(handle.id);
      expect([...(await following)]).toEqual([handle.id, report.exportId]);
      expect(await handle.report()).toMatchObject({ status: 'replanned', next: { number: 3 } });
      const next = { disposition: 'replanned', exportId: report.exportId, number: 3 };
      expect(await handle.approve(decision)).toEqual(next);
      expect(await stage.handle(report.exportId).result()).toEqual(report);
    });
  });
});

describe('waiting for an export', () => {
  test('ends when the loop is left, and the export continues', async () => {
    await stage.withWorker(async () => {
      await ready();
      holdBatches();
      const handle = await start();
      for await (const { batches } of handle.follow()) if (batches === 1) break;
      expect(await handle.progress()).toMatchObject({ batches: 1 });
      releaseBatches();
      expect(await reportOf(handle)).toMatchObject({ status: 'completed' });
    });
  });

  test('ends with the reason of its signal, and the export continues', async () => {
    await stage.withWorker(async () => {
      await ready();
      holdBatches();
      const handle = await start();
      await hasSent(handle);
      const closed = new AbortController();
      const views: ExportView[] = [];
      const following = (async () => {
        for await (const view of handle.follow({ signal: closed.signal })) views.push(view);
      })();
      const waiting = handle.result({ signal: closed.signal });
      const ends = Promise.allSettled([following, waiting]);
      await until(async () => views.length > 0);
      const reason = new Error('The browser closed the page');
      closed.abort(reason);
      for (const end of await ends) expect(end).toEqual({ status: 'rejected', reason });
      await expect(handle.result({ signal: closed.signal })).rejects.toBe(reason);
      await expect(handle.result({ signal: AbortSignal.timeout(1) })).rejects.toMatchObject({
        name: 'TimeoutError',
      });
      releaseBatches();
      expect(await reportOf(handle)).toMatchObject({ status: 'completed' });
    });
  });

  test('lasts through a restart of the worker; without any worker it ends at once', async () => {
    // With a worker of its own, which stops.
    stage = await openStage();
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
    const { handle } = await stage.withWorker(async () => {
      await ready();
      holdBatches();
      const started = await start();
      await hasSent(started);
      return { handle: started };
    });
    const outages: string[] = [];
    const onOutage = ({ code }: { readonly code: string }) => void outages.push(code);
    const result = handle.result({ onOutage });
    await expect(stage.handle(handle.id).result()).rejects.toMatchObject({ code: 'WORKER_NOT_RUNNING' });
    await until(async () => outages.length > 0);
    await stage.withWorker(async () => {
      releaseBatches();
      expect(await result).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    });
    expect(new Set(outages)).toEqual(new Set(['WORKER_NOT_RUNNING']));
    await stage.close();
  });
});
