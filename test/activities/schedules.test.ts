import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createExtendSchedule } from '../../src/activities/extend-schedule';
import { leaveSchedules } from '../../src/activities/rules/leave-schedules';
import { ScheduleSettingsSchema, type ScheduleSettings } from '../../src/contract/schedule';
import { temporalSchedule } from '../../src/contract/schedule-request';
import { ExportClient } from '../../src/client';
import { until } from '../support/until';

const DAY_MS = 86_400_000;
const BERLIN = {
  targets: { destinations: ['newsletter'] },
  daily: ['02:30'],
  timezone: 'Europe/Berlin',
} satisfies ScheduleSettings;

let connection: Connection;
let temporal: Client;
let client: ExportClient;
let name: string;

beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  temporal = new Client({ connection });
});

beforeEach(() => {
  name = `s-${randomUUID().slice(0, 8)}`;
  client = new ExportClient({ client: temporal, taskQueue: name });
});

afterEach(async () => {
  await client.schedule.delete(name).catch(() => undefined);
});

afterAll(async () => {
  await connection.close();
});

async function extend(scheduleId = `mailchimp-refresh/${name}`) {
  const environment = new MockActivityEnvironment({}, { client: temporal });
  return environment.run(createExtendSchedule(), { scheduleId });
}

async function described() {
  return temporal.schedule.getHandle(`mailchimp-refresh/${name}`).describe();
}

/** As the schedule would be today if it had been created days ago. */
async function age(days: number): Promise<void> {
  const settings = ScheduleSettingsSchema.parse(BERLIN);
  const words = { staticSummary: '', staticDetails: '' };
  const old = temporalSchedule(
    { name, taskQueue: name, settings, isFromFile: true, words },
    Date.now() - days * DAY_MS,
  );
  const handle = temporal.schedule.getHandle(`mailchimp-refresh/${name}`);
  await handle.update(({ state }) => ({ ...old, state }));
}

/** Of the dated entries for the change to summer time. */
async function years(): Promise<number[]> {
  const { calendars = [] } = (await described()).spec;
  return calendars.flatMap(({ comment, year }) =>
    comment?.startsWith('In place of') ? year.map(({ start }) => start) : [],
  );
}

test('a schedule of earlier years gets the clock changes of three years, and stays as it is otherwise', async () => {
  await client.schedule.create(name, BERLIN, { isPaused: true, by: 'Kim' });
  const fresh = await years();
  expect(fresh).toHaveLength(3);
  await age(500);
  expect(await years()).not.toEqual(fresh);
  const before = await client.schedule.show(name);
  expect(await extend()).toEqual({ isExtended: true });
  expect(await years()).toEqual(fresh);
  expect(await client.schedule.show(name)).toEqual(before);
  expect(before).toMatchObject({ isPaused: true, note: 'Created paused by Kim', isFromFile: true });
  expect((await described()).action).toMatchObject({
    staticSummary: 'Refresh of newsletter',
    taskQueue: name,
  });
});

test('a schedule with two years left is not changed, so most refreshes change nothing', async () => {
  await client.schedule.create(name, BERLIN);
  await age(300);
  const { lastUpdatedAt } = (await described()).info;
  expect(await extend()).toEqual({ isExtended: false });
  expect((await described()).info.lastUpdatedAt).toEqual(lastUpdatedAt);
});

test('a schedule that was deleted, or that is not of this package, is not extended, and does not fail the refresh', async () => {
  expect(await extend()).toEqual({ isExtended: false });
  const scheduleId = `other-${name}`;
  const action = { type: 'startWorkflow', workflowType: 'other', taskQueue: name } as const;
  const handle = await temporal.schedule.create({ scheduleId, spec: {}, action });
  expect(await extend(scheduleId)).toEqual({ isExtended: false });
  await handle.delete();
});

const listed = async (one: ExportClient) => (await one.schedule.list()).length === 1;

test('a removal takes the destination out of the schedules of its task queue only', async () => {
  const other = new ExportClient({ client: temporal, taskQueue: `${name}-other` });
  await client.schedule.create(name, BERLIN);
  await other.schedule.create(`${name}-other`, BERLIN);
  await until(async () => (await listed(client)) && (await listed(other)));
  expect(await leaveSchedules(temporal, { destinationId: 'newsletter', taskQueue: name })).toBeUndefined();
  await expect(client.schedule.show(name)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  expect(await other.schedule.show(`${name}-other`)).toMatchObject({ settings: BERLIN });
  await other.schedule.delete(`${name}-other`);
});

test('a removal goes on when the schedules cannot be reached', async () => {
  // A port on which nothing listens.
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  const unreachable = Connection.lazy({ address: `127.0.0.1:${port}`, connectTimeout: 500 });
  try {
    expect(
      await leaveSchedules(new Client({ connection: unreachable }), {
        destinationId: 'newsletter',
        taskQueue: name,
      }),
    ).toMatch(/./);
  } finally {
    await unreachable.close();
  }
});
