import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { WorkerInterceptors } from '@temporalio/worker';
import { destinationWorkflowId, exportWorkflowId } from '../../../src/contract/identifiers';
import { reasonIn, heldIn } from '../../support/export-state';
import { postsTo } from '../../support/mailchimp';
import { CONFIGURE, CROWD, CROWD_MEMBERS, person } from '../../support/stage';
import { until } from '../../support/until';
import { untilAnswered } from '../../support/until-answered';
import { inShort, lineOf, openRefreshing, startRefresh, type Refreshing } from './refreshing';

let world: Refreshing;

beforeEach(async () => {
  world = await openRefreshing(3);
});

afterEach(async () => {
  await world.close();
});

type Handle = Awaited<ReturnType<Refreshing['start']>>;

/** Whether the destinations have answered. */
async function hasAsked(handle: Handle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  const asks = new Set(
    (events ?? [])
      .filter(
        ({ activityTaskScheduledEventAttributes: scheduled }) =>
          scheduled?.activityType?.name === 'mailchimp.askDestinations',
      )
      .map(({ eventId }) => String(eventId)),
  );
  return (events ?? []).some(({ activityTaskCompletedEventAttributes: completed }) =>
    asks.has(String(completed?.scheduledEventId)),
  );
}

/** Whether an export has read its source. */
function hasSnapshot(name: string, exportId: string): boolean {
  return existsSync(
    join(world.stage.folder, 'staging/destinations', name, 'exports', exportId, 'snapshot.json'),
  );
}

/** Requests that wrote contacts, to all audiences. */
const writes = () => postsTo(world.stage.sandbox, '/lists/{list_id}');

describe('a refresh', () => {
  test('that meets another one and a person in the same second exports each destination once', async () => {
    const { stage, names } = world;
    await stage.withWorker(async () => {
      await world.prepare();
      await world.untilListed();
      // No export ends before all three have asked.
      stage.sandbox.fail({ times: 'always', effect: { type: 'status', status: 503 } });
      const refreshes = await Promise.all([world.start(), world.start()]);
      const ofPerson = await Promise.all(
        names.map((name) => stage.client.start(name, { options: { lane: 'auto' } })),
      );
      for (const refresh of refreshes) await until(() => hasAsked(refresh));
      stage.sandbox.clearFaults();
      const reports = await Promise.all(refreshes.map((refresh) => refresh.result()));
      for (const [index, name] of names.entries()) {
        const lines = reports.map((report) => lineOf(report, name)!);
        expect(lines).toEqual([
          expect.objectContaining({ result: 'exported', number: 1, outcomes: { created: 2 } }),
          expect.objectContaining({ result: 'exported', number: 1, outcomes: { created: 2 } }),
        ]);
        expect(new Set([...lines.map(({ exportId }) => exportId), ofPerson[index]!.id]).size).toBe(1);
        const joined = [
          ofPerson[index]!.disposition === 'joined',
          ...lines.map(({ hasJoined }) => hasJoined),
        ];
        expect(joined.filter(Boolean)).toHaveLength(2);
        expect((await stage.client.describe(name)).exports).toHaveLength(1);
      }
      expect(writes()).toBe(3);
    });
  });

  test('whose step is repeated after the answers were lost exports each destination once', async () => {
    const { stage, names } = world;
    const attempts: number[] = [];
    const activity: WorkerInterceptors['activity'] = [
      () => ({
        inbound: {
          execute: async (input, next) => {
            const result = await next(input);
            const { activityType, attempt } = Context.current().info;
            if (activityType !== 'mailchimp.askDestinations') return result;
            attempts.push(attempt);
            if (attempt === 1) throw new Error('The answers are lost');
            return result;
          },
        },
      }),
    ];
    await stage.withWorker(
      async () => {
        await world.prepare();
        const report = await world.refresh({ targets: { destinations: [...names] } });
        expect(inShort(report)).toEqual(['exported', 'exported', 'exported']);
        expect(attempts).toEqual([1, 2]);
        for (const name of names) {
          expect(lineOf(report, name)).toMatchObject({ number: 1 });
          expect((await stage.client.describe(name)).exports).toHaveLength(1);
        }
        expect(writes()).toBe(3);
      },
      { interceptors: { activity } },
    );
  });

  test('reports an export that waits for a person, and queues none behind it', async () => {
    const { stage, names } = world;
    const [held = '', paused = '', stopped = ''] = names;
    await stage.writeProfiles(CROWD);
    await stage.writeMembers(CROWD_MEMBERS);
    const viewOf = (name: string) =>
      untilAnswered(async () => {
        const { running } = await stage.client.describe(name);
        return running
          ? stage.client.handle({ destinationId: name, exportId: running.exportId }).progress()
          : undefined;
      });
    await stage.withWorker(async () => {
      await world.prepare();
      await stage.client.configure(held, { ...CONFIGURE, guards: { newContacts: 1 } });
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      await stage.client.start(held);
      await until(async () => heldIn(await viewOf(held)));
      const toPause = await stage.client.start(paused);
      await until(async () => (await viewOf(paused))?.batches === 1);
      await toPause.pause();
      stage.sandbox.fail({
        match: `GET /lists/${world.audienceOf(stopped)}`,
        effect: { type: 'status', status: 401 },
      });
      await stage.client.start(stopped);
      await until(async () => reasonIn(await viewOf(stopped), 'stopped'));

      const report = await world.refresh({ targets: { destinations: [...names] } });
      expect(lineOf(report, held)).toMatchObject({ result: 'held', number: 1, exportId: expect.any(String) });
      expect(lineOf(report, paused)).toMatchObject({ result: 'paused', number: 1 });
      expect(lineOf(report, stopped)).toMatchObject({
        result: 'stopped',
        number: 1,
        failure: { code: 'KEY_INVALID' },
      });
      for (const name of names) expect((await stage.client.describe(name)).queued).toEqual([]);
      for (const name of names) await stage.client.remove(name, { removedBy: 'tester' });
    });
  });

  test.each([
    { does: 'delivers', held: 'POST', under: '', phase: 'delivering' },
    // The source is read while the audience is read.
    { does: 'reads the audience', held: 'GET', under: '/members', phase: 'census' },
  ])(
    'that joins an export which $does and has read its source before has one more follow, if the source has changed',
    async ({ held, under, phase }) => {
      const { stage, names } = world;
      const [changed = '', same = ''] = names;
      await stage.writeProfiles(CROWD);
      await stage.writeMembers(CROWD_MEMBERS);
      await stage.withWorker(async () => {
        await world.prepare([changed, same]);
        const meet = async (name: string, change: () => Promise<void>) => {
          stage.sandbox.fail({
            match: `${held} /lists/${world.audienceOf(name)}${under}`,
            times: 'always',
            effect: { type: 'status', status: 503 },
          });
          const { id } = await stage.client.start(name, { options: { lane: 'auto' } });
          const handle = stage.client.handle({ destinationId: name, exportId: id });
          await until(async () => hasSnapshot(name, id) && (await handle.progress())?.phase === phase);
          await change();
          const refresh = await world.start({ targets: { destinations: [name] } });
          await until(() => hasAsked(refresh));
          stage.sandbox.clearFaults();
          return lineOf(await refresh.result(), name);
        };
        const first = await meet(same, async () => undefined);
        expect(first).toMatchObject({
          result: 'exported',
          number: 1,
          hasJoined: true,
          outcomes: { created: 8 },
        });
        const second = await meet(changed, () =>
          stage
            .writeProfiles([...CROWD, person(9)])
            .then(() => stage.writeMembers([...CROWD_MEMBERS, [person(9).id, 'north']])),
        );
        expect(second).toMatchObject({
          result: 'exported',
          number: 2,
          outcomes: { created: 1, unchanged: 8 },
        });
        expect(second).not.toHaveProperty('hasJoined');
        expect((await stage.client.describe(same)).exports).toHaveLength(1);
        expect((await stage.client.describe(changed)).exports).toHaveLength(2);
      });
    },
  );

  test('fails only when no destination could be asked', async () => {
    const { stage, names } = world;
    const [ours = '', terminated = '', theirs = ''] = names;
    const other = { temporal: stage.temporal, taskQueue: `other-${stage.taskQueue}` };
    await stage.withWorker(async () => {
      await world.prepare();
      await stage.temporal.workflow.getHandle(destinationWorkflowId(terminated)).terminate();
      const report = await world.refresh({ targets: { destinations: [ours, terminated] } });
      expect(lineOf(report, ours)).toMatchObject({ result: 'exported' });
      expect(lineOf(report, terminated)).toMatchObject({
        result: 'failed',
        failure: { code: 'DESTINATION_TERMINATED' },
      });
    });
    await stage.withWorker(
      async () => {
        const refresh = await startRefresh(other, { targets: { destinations: [theirs] } });
        await expect(refresh.result()).rejects.toMatchObject({
          cause: { type: 'DESTINATION_OWNER_MISMATCH', nonRetryable: true },
        });
      },
      { taskQueue: other.taskQueue },
    );
  });

  test('refuses a wrong input with a code', async () => {
    await world.stage.withWorker(async () => {
      const refresh = await world.start({ targets: { labels: [] } });
      await expect(refresh.result()).rejects.toMatchObject({ cause: { type: 'INPUT_INVALID' } });
    });
  });

  test('of a schedule exports the destinations with a label, whose exports name the schedule', async () => {
    const { stage, names } = world;
    const [nightly = '', both = '', none = ''] = names;
    const scheduleId = `nightly-${randomUUID().slice(0, 8)}`;
    await stage.withWorker(async () => {
      await world.prepare([nightly], { labels: ['nightly'] });
      await world.prepare([both], { labels: ['weekly', 'nightly'] });
      await world.prepare([none], { labels: ['nightly'] });
      // Connected again, without it.
      await world.connect(none, { labels: ['weekly'] });
      expect((await stage.client.describe(none)).labels).toEqual(['weekly']);
      const schedule = await stage.temporal.schedule.create({
        scheduleId,
        spec: {},
        action: {
          type: 'startWorkflow',
          workflowType: 'mailchimpRefresh',
          taskQueue: stage.taskQueue,
          args: [{ targets: { labels: ['nightly'] } }],
        },
      });
      await until(async () => {
        const query = `WorkflowType = 'mailchimpDestination' AND TaskQueue = '${stage.taskQueue}'`;
        const labels = new Map<string, unknown>();
        for await (const { workflowId, memo } of stage.temporal.workflow.list({ query }))
          labels.set(workflowId, memo?.['labels']);
        return String(labels.get(destinationWorkflowId(none))) === 'weekly' && labels.size === 3;
      });
      await schedule.trigger();
      const [action] = await until(async () => {
        const { info } = await schedule.describe();
        return info.recentActions.length > 0 && info.recentActions;
      });
      const { workflowId } = action!.action.workflow;
      const report = await stage.temporal.workflow.getHandle(workflowId).result();
      await schedule.delete();
      expect(report.destinations).toMatchObject([
        { destinationId: nightly, result: 'exported' },
        { destinationId: both, result: 'exported' },
      ]);
      const { staticSummary } = await stage.temporal.workflow.getHandle(exportWorkflowId(both)).describe();
      expect(await staticSummary?.()).toContain(`(schedule ${scheduleId})`);
    });
  });
});
