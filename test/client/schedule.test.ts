import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ExportClient, type RefreshReport, type ScheduleSettings } from '../../src/client';
import { ScheduleSettingsSchema } from '../../src/contract/schedule';
import { endWorkflow } from '../support/end-workflow';
import { terminateOpen } from '../support/terminate-open';
import { until } from '../support/until';

const NIGHTLY = {
  targets: { destinations: ['newsletter', 'shop'] },
  daily: ['02:30', '14:30'],
  timezone: 'Europe/Berlin',
} satisfies ScheduleSettings;

let connection: Connection;
let temporal: Client;
let taskQueue: string;
let client: ExportClient;
let name: string;

beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  temporal = new Client({ connection });
});

beforeEach(() => {
  taskQueue = `test-${randomUUID()}`;
  client = new ExportClient({ client: temporal, taskQueue });
  name = `s-${randomUUID().slice(0, 8)}`;
});

afterEach(async () => {
  for (const { name: listed } of await client.schedule.list())
    await temporal.schedule.getHandle(`mailchimp-refresh/${listed}`).delete();
  await terminateOpen(temporal, taskQueue);
});

afterAll(async () => {
  await connection.close();
});

async function inTemporal(of = name) {
  return temporal.schedule.getHandle(`mailchimp-refresh/${of}`).describe();
}

function second(): string {
  return new Date().toISOString().slice(0, 19);
}

/** Lists are a second behind. */
async function untilListed(): Promise<void> {
  await until(async () => (await client.schedule.list()).length > 0);
}

describe('a new schedule', () => {
  test('starts the refresh of its task queue, with the policies of the promise and words for the Web UI', async () => {
    const view = await client.schedule.create(name, NIGHTLY);
    expect(view).toMatchObject({
      name,
      isFromFile: false,
      isPaused: false,
      note: null,
      settings: {
        ...NIGHTLY,
        overlap: 'skip',
        catchUpMinutes: 60,
        pauseOnFailure: false,
        whenSourceChanged: false,
      },
      counts: { started: 0, skipped: 0, missed: 0 },
    });
    expect(await inTemporal()).toMatchObject({
      action: {
        workflowType: 'mailchimpRefresh',
        workflowId: `mailchimp-refresh/${name}`,
        taskQueue,
        args: [{ targets: NIGHTLY.targets, whenSourceChanged: false, atOnce: 4, longestMinutes: 360 }],
        staticSummary: 'Refresh of newsletter, shop',
        staticDetails: expect.stringContaining('newsletter, shop, daily at 02:30, 14:30 (Europe/Berlin)'),
      },
      policies: { overlap: 'SKIP', catchupWindow: 3_600_000, pauseOnFailure: false },
      memo: { taskQueue },
    });
  });

  test('takes each setting', async () => {
    await client.schedule.create(
      name,
      {
        targets: { labels: ['weekly'] },
        every: '6h',
        offset: '15m',
        jitter: '5m',
        skipDates: ['2027-12-25'],
        start: '2027-12-24',
        end: '2027-12-26',
        timezone: 'Europe/Berlin',
        overlap: 'buffer-one',
        catchUpMinutes: 10,
        pauseOnFailure: true,
        whenSourceChanged: true,
        atOnce: 2,
        longestMinutes: 30,
      },
      { isPaused: true, by: 'Kim Data' },
    );
    expect(await inTemporal()).toMatchObject({
      action: {
        args: [{ targets: { labels: ['weekly'] }, whenSourceChanged: true, atOnce: 2, longestMinutes: 30 }],
      },
      policies: { overlap: 'BUFFER_ONE', catchupWindow: 600_000, pauseOnFailure: true },
      spec: { jitter: 300_000 },
    });
    expect(await client.schedule.show(name)).toMatchObject({
      isPaused: true,
      note: 'Created paused by Kim Data',
      next: [],
    });
    const { next } = await client.schedule.unpause(name, { by: 'Kim Data' });
    // 00:15, 06:15, 12:15 and 18:15 UTC, up to 5 minutes later, of two days of Berlin without the one between.
    expect(next.map((time) => time.slice(0, 13))).toEqual([
      '2027-12-24T00',
      '2027-12-24T06',
      '2027-12-24T12',
      '2027-12-24T18',
      '2027-12-26T00',
      '2027-12-26T06',
      '2027-12-26T12',
      '2027-12-26T18',
    ]);
  });

  test('counts a repeated name, time, day or date once, and knows the days in short', async () => {
    const { settings } = await client.schedule.create(name, {
      targets: { destinations: ['newsletter', 'shop', 'newsletter'] },
      daily: ['02:30', '14:30', '02:30', '14:30', '02:30'].slice(0, 4),
      weekdays: ['mon', 'friday', 'monday'],
      skipDates: ['2027-12-25', '2027-12-25'],
    });
    expect(settings).toMatchObject({
      targets: { destinations: ['newsletter', 'shop'] },
      daily: ['02:30', '14:30'],
      weekdays: ['monday', 'friday'],
      skipDates: ['2027-12-25'],
    });
  });

  test('that has ended since may be created again, which changes nothing', async () => {
    const soon = { ...NIGHTLY, daily: ['23:59'], end: '2999-01-01' };
    await client.schedule.create(name, soon);
    const handle = temporal.schedule.getHandle(`mailchimp-refresh/${name}`);
    const ended = { ...soon, end: '2026-01-01' };
    const record = { settings: ScheduleSettingsSchema.parse(ended), isFromFile: false, madeUpUntil: '' };
    await handle.update((previous) => ({
      ...previous,
      action: { ...previous.action, memo: { schedule: record } },
    }));
    expect(await client.schedule.create(name, ended)).toMatchObject({ settings: { end: '2026-01-01' } });
  });

  test('of the same settings changes nothing, and of others is refused', async () => {
    await client.schedule.create(name, NIGHTLY, { isPaused: true });
    expect(await client.schedule.create(name, { ...NIGHTLY, overlap: 'skip' })).toMatchObject({
      isPaused: true,
    });
    await expect(client.schedule.create(name, { ...NIGHTLY, daily: ['02:31'] })).rejects.toMatchObject({
      code: 'SCHEDULE_EXISTS',
      message: expect.stringContaining(`temporal-mailchimp schedule show ${name}`),
    });
    expect((await client.schedule.show(name)).settings).toMatchObject({ daily: NIGHTLY.daily });
  });

  const ALL = { targets: { all: true } } as const;
  test.each([
    ['two kinds of times', { ...ALL, daily: ['02:30'], cron: ['0 3 * * *'] }, 'one of daily, cron and every'],
    ['no times', ALL, 'one of daily, cron and every'],
    [
      'more than four times a day',
      { ...ALL, daily: ['01:00', '02:00', '03:00', '04:00', '05:00'] },
      'at most 4 entries, not 5',
    ],
    ['an hour that does not exist', { ...ALL, daily: ['24:00'] }, 'from 00:00 to 23:59'],
    ['a date that does not exist', { ...ALL, daily: ['02:30'], skipDates: ['2027-02-30'] }, 'a date'],
    ['a time zone that does not exist', { ...ALL, daily: ['02:30'], timezone: 'Mars/Olympus' }, 'IANA'],
    ['an offset in place of a time zone', { ...ALL, daily: ['02:30'], timezone: '+02:00' }, 'IANA'],
    ['days without times of day', { ...ALL, every: '6h', weekdays: ['monday'] }, 'only with daily'],
    ['an interval below a minute', { ...ALL, every: '30s' }, 'a minute or more'],
    ['an offset above the interval', { ...ALL, every: '1h', offset: '2h' }, 'less than every'],
    [
      'an end before its start',
      { ...ALL, every: '1h', start: '2027-02-02', end: '2027-02-01' },
      'not before',
    ],
    ['a cron expression that Temporal refuses', { ...ALL, cron: ['61 * * * *'] }, 'minute is from 0 to 59'],
    ['a cron expression as a text', { ...ALL, cron: '0 3 * * *' }, 'a list, not a text'],
    ['times as a text', { ...ALL, daily: '02:30' }, 'a list, not a text'],
    ['a day that does not exist', { ...ALL, daily: ['02:30'], weekdays: ['mo'] }, 'mon, tue, wed'],
    ['a start that is no date', { ...ALL, every: '1h', start: 'soon' }, 'a date, or a time such as'],
    ['an end that has passed', { ...ALL, every: '1h', end: '2026-01-01' }, '2026-01-01, has passed'],
    [
      'a date that no year has',
      { ...ALL, cron: ['30 2 30 2 *', '0 0 31 4 *'] },
      'no day matches 30 2 30 2 *',
    ],
    [
      'only days that it skips',
      {
        ...ALL,
        daily: ['02:30'],
        start: '2027-12-24',
        end: '2027-12-25',
        skipDates: ['2027-12-24', '2027-12-25'],
      },
      'no time of it is left',
    ],
    [
      'an interval that its period has no time for',
      { ...ALL, every: '30d', start: '2027-12-24', end: '2027-12-25' },
      'no time of it is left',
    ],
    ['a target of no kind', { targets: { label: 'x' }, daily: ['02:30'] }, 'there is no setting "label"'],
    ['a time zone that Temporal refuses', { ...ALL, daily: ['02:30'], timezone: 'europe/berlin' }, 'unknown'],
  ])('with %s is refused, and does not exist', async (_, settings, message) => {
    await expect(client.schedule.create(name, settings as ScheduleSettings)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(message),
    });
    await expect(client.schedule.show(name)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });
});

describe('a paused schedule', () => {
  test('lists no next times and says who paused it; it goes on with them', async () => {
    const { next } = await client.schedule.create(name, NIGHTLY);
    expect(next).toHaveLength(10);
    const paused = await client.schedule.pause(name, { by: 'Kim Data', reason: 'new source' });
    expect(paused).toMatchObject({ isPaused: true, note: 'Paused by Kim Data: new source', next: [] });
    const active = await client.schedule.unpause(name, { by: 'Kim Data' });
    expect(active).toMatchObject({ isPaused: false, note: 'Unpaused by Kim Data', next });
  });

  test('starts a refresh by a trigger, but none beside one that runs', async () => {
    await client.schedule.create(name, NIGHTLY, { isPaused: true });
    const triggered = await client.schedule.trigger(name);
    expect(triggered).toEqual({
      result: 'started',
      workflowId: expect.stringMatching(`^mailchimp-refresh/${name}-20`),
    });
    expect(await client.schedule.trigger(name)).toEqual({ result: 'skipped' });
    expect((await client.schedule.show(name)).counts).toEqual({ started: 1, skipped: 1, missed: 0 });
  });
});

describe('the last refreshes', () => {
  test('are shown latest first, with their reports, or why they failed, and those that run', async () => {
    const report: RefreshReport = {
      startedAt: '2027-01-01T00:00:00.000Z',
      durationMs: 1000,
      left: 0,
      destinations: [
        { destinationId: 'newsletter', result: 'exported', exportId: 'e', number: 1 },
        { destinationId: 'shop', result: 'skipped', skipped: 'not_configured' },
      ],
    };
    await client.schedule.create(name, NIGHTLY);
    await client.schedule.trigger(name);
    await endWorkflow(temporal, taskQueue, { result: report });
    // Two refreshes of one second would have one workflow id.
    const before = second();
    await until(async () => second() !== before);
    await until(async () => (await client.schedule.trigger(name)).result === 'started');
    const failure = ApplicationFailure.nonRetryable('No destination was reached', 'WORKER_NOT_RUNNING');
    await endWorkflow(temporal, taskQueue, { failure });
    const then = second();
    await until(async () => second() !== then);
    await until(async () => (await client.schedule.trigger(name)).result === 'started');
    const runs = await until(async () => {
      const found = (await client.schedule.show(name)).runs;
      const isComplete =
        found.length === 3 && found.filter(({ status }) => status !== 'running').length === 2;
      return isComplete ? found : undefined;
    });
    expect(runs).toMatchObject([
      { status: 'running', endedAt: null, report: null, failure: null },
      {
        status: 'failed',
        report: null,
        failure: { code: 'WORKER_NOT_RUNNING', message: 'No destination was reached' },
      },
      { status: 'completed', report, failure: null },
    ]);
  });

  test('are made up by a backfill: one for each time of a range of the past', async () => {
    await client.schedule.create(name, { ...NIGHTLY, timezone: 'UTC' }, { isPaused: true });
    const range = { from: '2026-11-02T02:30:00Z', to: '2026-11-03T02:30:00Z' };
    const { times } = await client.schedule.backfill(name, { ...range, overlap: 'allow' });
    expect(times).toEqual([
      '2026-11-02T02:30:00.000Z',
      '2026-11-02T14:30:00.000Z',
      '2026-11-03T02:30:00.000Z',
    ]);
    const started = await until(async () => {
      const { runs } = await client.schedule.show(name);
      return runs.length === times.length && runs.map(({ workflowId }) => workflowId).toSorted();
    });
    expect(started).toEqual(times.map((time) => `mailchimp-refresh/${name}-${time.replace('.000Z', 'Z')}`));
  });

  test('are made up for dates, which are days in the time zone of the schedule', async () => {
    await client.schedule.create(name, NIGHTLY, { isPaused: true });
    const { times } = await client.schedule.backfill(name, {
      from: '2026-11-02',
      to: '2026-11-02',
      overlap: 'allow',
    });
    expect(times).toEqual(['2026-11-02T01:30:00.000Z', '2026-11-02T13:30:00.000Z']);
    const today = new Date().toISOString().slice(0, 10);
    const late = await client.schedule.backfill(name, { from: today, to: today });
    expect(late.times.filter((time) => Date.parse(time) > Date.now())).toEqual([]);
  });

  test.each([
    ['of more than 100 times', { from: '2026-09-01T00:00:00Z', to: '2026-11-29T00:00:00Z' }, '178 times'],
    ['of more times than the server lists', { from: '2024-01-01', to: '2026-11-01' }, '1,000 or more times'],
    ['of the future', { from: '2026-11-01T00:00:00Z', to: '2999-01-01T00:00:00Z' }, 'not be in the future'],
    ['from its end', { from: '2026-11-02T00:00:00Z', to: '2026-11-01T00:00:00Z' }, 'not be after'],
  ])('are not made up for a range %s', async (_, range, message) => {
    await client.schedule.create(name, { ...NIGHTLY, timezone: 'UTC' }, { isPaused: true });
    await expect(client.schedule.backfill(name, range)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(message),
    });
    expect((await inTemporal()).info.numActionsTaken).toBe(0);
  });
});

describe('schedules', () => {
  const CALLS = {
    show: (by: ExportClient) => by.schedule.show(name),
    pause: (by: ExportClient) => by.schedule.pause(name, { by: 'Kim' }),
    unpause: (by: ExportClient) => by.schedule.unpause(name, { by: 'Kim' }),
    trigger: (by: ExportClient) => by.schedule.trigger(name),
    backfill: (by: ExportClient) =>
      by.schedule.backfill(name, { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' }),
    delete: (by: ExportClient) => by.schedule.delete(name),
  };

  test('are listed by name, and not when deleted', async () => {
    await client.schedule.create(`${name}-b`, { targets: { all: true }, cron: ['0 3 * * *'] });
    await client.schedule.create(`${name}-a`, NIGHTLY, { isPaused: true });
    const listed = await until(async () => {
      const found = await client.schedule.list();
      return found.length === 2 && found;
    });
    expect(listed).toMatchObject([
      { name: `${name}-a`, isPaused: true, next: [] },
      { name: `${name}-b`, settings: { cron: ['0 3 * * *'] } },
    ]);
    await client.schedule.delete(`${name}-a`);
    await until(async () => (await client.schedule.list()).length === 1);
  });

  test('that do not exist are refused by each method', async () => {
    for (const call of Object.values(CALLS))
      await expect(call(client)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });

  test('of another task queue are not listed, and not touched by any method', async () => {
    await client.schedule.create(name, NIGHTLY);
    await untilListed();
    const other = new ExportClient({ client: temporal, taskQueue: `${taskQueue}-other` });
    expect(await other.schedule.list()).toEqual([]);
    const calls = { ...CALLS, create: (by: ExportClient) => by.schedule.create(name, NIGHTLY) };
    for (const call of Object.values(calls)) {
      await expect(call(other)).rejects.toMatchObject({
        code: 'SCHEDULE_OWNER_MISMATCH',
        message: expect.stringContaining(`"${taskQueue}"`),
      });
    }
    expect(await client.schedule.show(name)).toMatchObject({ isPaused: false, note: null });
  });
});

describe('the schedules of a configuration file', () => {
  const OWN = { targets: { destinations: ['newsletter'] }, daily: ['03:00'] } satisfies ScheduleSettings;

  test('are created, changed and deleted; the same file again changes nothing', async () => {
    const results = async (wanted: ScheduleSettings | null) =>
      (await client.schedule.sync({ [name]: wanted })).map(({ result }) => result);
    expect(await results(null)).toEqual(['none']);
    expect(await results(OWN)).toEqual(['created']);
    expect(await results(OWN)).toEqual(['unchanged']);
    await client.schedule.pause(name, { by: 'Kim Data' });
    expect(await results({ ...OWN, daily: ['04:00'], overlap: 'allow' })).toEqual(['changed']);
    // What a person decided stays.
    expect(await client.schedule.show(name)).toMatchObject({
      settings: { daily: ['04:00'], overlap: 'allow' },
      isFromFile: true,
      isPaused: true,
      note: 'Paused by Kim Data',
    });
    expect((await inTemporal()).policies.overlap).toBe('ALLOW_ALL');
    expect(await results(null)).toEqual(['deleted']);
    await expect(client.schedule.show(name)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });

  test('never replace or delete one that a person created', async () => {
    await client.schedule.create(name, NIGHTLY);
    expect(await client.schedule.sync({ [name]: null })).toEqual([{ name, result: 'kept' }]);
    await expect(client.schedule.sync({ [name]: OWN })).rejects.toMatchObject({
      code: 'SCHEDULE_EXISTS',
      message: expect.stringContaining(`destinations.${name}.schedule`),
    });
    expect((await client.schedule.show(name)).settings).toMatchObject(NIGHTLY);
  });

  test('are all checked before the first is made', async () => {
    const wrong = { ...OWN, daily: ['25:00'] };
    await expect(client.schedule.sync({ [name]: OWN, [`${name}-b`]: wrong })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    await expect(client.schedule.show(name)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });
});
