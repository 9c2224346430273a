import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await stage.close();
});

test('a schedule exports its destination again, and shows what became of it', async () => {
  const { client, destinationId } = stage;
  const name = `s-${destinationId}`;
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await client.schedule.create(name, { targets: { destinations: [destinationId] }, every: '7d' });
    expect(await client.schedule.trigger(name)).toMatchObject({ result: 'started' });
    const [run] = await until(async () => {
      const { runs } = await client.schedule.show(name);
      return runs[0]?.status === 'completed' && runs;
    });
    expect(run!.report).toMatchObject({ destinations: [{ destinationId, result: 'exported', number: 1 }] });
    // A removed destination leaves the schedule, which has no other.
    await client.remove(destinationId, { removedBy: 'Kim' });
    await until(async () => !(await client.schedule.list()).some((listed) => listed.name === name));
  });
});

test('a schedule for changes of the source skips its destination until a file has changed', async () => {
  const { client, destinationId } = stage;
  const name = `s-${destinationId}`;
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    const targets = { destinations: [destinationId] };
    await client.schedule.create(name, { targets, every: '7d', whenSourceChanged: true });
    expect(await resultOf(name)).toMatchObject({ result: 'exported' });
    expect(await resultOf(name)).toMatchObject({ result: 'skipped', skipped: 'source_unchanged' });
    await stage.writeProfiles(CROWD.slice(1));
    expect(await resultOf(name)).toMatchObject({ result: 'exported', number: 2 });
    const { exports } = await client.describe(destinationId);
    expect(exports.map(({ number }) => number)).toEqual([2, 1]);
  });
});

test('two schedules, a trigger and a person in the same moment, and a backfill of a day, export nothing twice at once', async () => {
  const { client, destinationId } = stage;
  const names = [`a-${destinationId}`, `b-${destinationId}`];
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    const targets = { destinations: [destinationId] };
    for (const name of names) await client.schedule.create(name, { targets, every: '1h', overlap: 'allow' });
    stage.sandbox.fail('stuck batch always');
    const options = { lane: 'batch' } as const;
    const [person] = await Promise.all([
      client.start(destinationId, { options }),
      ...names.map((name) => client.schedule.trigger(name)),
    ]);
    const day = 24 * 3_600_000;
    await client.schedule.backfill(names[0]!, {
      from: new Date(Date.now() - day).toISOString(),
      to: new Date().toISOString(),
    });
    // All of them wait for the same export, or for the one that is queued behind it.
    await until(async () => {
      const { running, queued } = await client.describe(destinationId);
      return running !== null && queued.length === 1;
    });
    stage.sandbox.clearFaults();
    stage.sandbox.control.releaseBatches();
    expect(await stage.follow(person.id)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
    const running = `WorkflowType = 'mailchimpRefresh' AND TaskQueue = '${stage.taskQueue}' AND ExecutionStatus = 'Running'`;
    await until(async () => {
      const { running: open, queued } = await client.describe(destinationId);
      const refreshes = await stage.temporal.workflow.count(running);
      return open === null && queued.length === 0 && refreshes.count === 0;
    });
    const { exports } = await client.describe(destinationId);
    const spans = exports.map(({ startedAt, durationMs }) => ({
      from: Date.parse(startedAt),
      ms: durationMs,
    }));
    const ordered = spans.toSorted((one, other) => one.from - other.from);
    const overlapping = ordered.filter(({ from }, index) => {
      const before = ordered[index - 1];
      return before !== undefined && before.from + before.ms > from;
    });
    expect(overlapping).toEqual([]);
    // Each contact was created once, by the export of the person. The destination lists the last ten, which may not have it.
    const others = exports.filter(({ number }) => number !== person.number);
    expect(others.reduce((sum, { outcomes }) => sum + outcomes.created, 0)).toBe(0);
  });
});

/** Triggers the schedule, and waits for what it reports of its destination. */
async function resultOf(name: string) {
  const { client } = stage;
  const before = (await client.schedule.show(name)).runs.length;
  await client.schedule.trigger(name);
  const run = await until(async () => {
    const { runs } = await client.schedule.show(name);
    return runs.length > before && runs[0]?.status === 'completed' && runs[0];
  });
  return run.report?.destinations[0];
}
