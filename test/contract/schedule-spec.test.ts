import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection, type ScheduleSpec } from '@temporalio/client';
import { ScheduleSettingsSchema, type ScheduleSettings } from '../../src/contract/schedule';
import { scheduleSpec } from '../../src/contract/schedule-spec';
import * as fc from '../support/fast-check';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A fixed day, so that the dates below are within three years of it. */
const NOW = Date.parse('2026-11-30T12:00:00Z');

const ZONES = (
  'Europe/Berlin Europe/London Europe/Athens America/New_York America/Havana America/Santiago America/Nuuk Africa/Cairo ' +
  'Africa/Casablanca Asia/Beirut Atlantic/Azores Australia/Lord_Howe Antarctica/Troll Pacific/Chatham Asia/Tokyo'
).split(' ');

let connection: Connection;
let temporal: Client;

beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  temporal = new Client({ connection });
});

afterAll(async () => {
  await connection.close();
});

interface Range {
  readonly from: string;
  readonly to: string;
}

function seconds(instant: number) {
  return { seconds: (instant / 1000) as never };
}

/** The times at which the real server would start something by a spec, from a paused schedule. */
async function timesOf(spec: ScheduleSpec, { from, to }: Range): Promise<number[]> {
  const scheduleId = `spec-${randomUUID()}`;
  const action = { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' } as const;
  const handle = await temporal.schedule.create({ scheduleId, spec, action, state: { paused: true } });
  const found: number[] = [];
  try {
    // The server lists at most a thousand times.
    for (let start = Date.parse(from); start < Date.parse(to); start += 200 * DAY_MS) {
      const { startTime } = await temporal.workflowService.listScheduleMatchingTimes({
        namespace: 'default',
        scheduleId,
        // Which it excludes.
        startTime: seconds(start - 1000),
        endTime: seconds(Math.min(start + 200 * DAY_MS, Date.parse(to)) - 1000),
      });
      found.push(...(startTime ?? []).map((time) => Number(time.seconds) * 1000));
    }
  } finally {
    await handle.delete();
  }
  return found;
}

function specOf(settings: Omit<ScheduleSettings, 'targets'>): ScheduleSpec {
  return scheduleSpec(ScheduleSettingsSchema.parse({ targets: { all: true }, ...settings }), NOW);
}

/** "03-28 03:30" as a clock of the zone shows it. */
function wallTimes(timezone: string, instants: readonly number[]): string[] {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return instants.map((instant) => format.format(instant).slice('yyyy-'.length));
}

describe('a time of day that the clock skips, or shows twice, starts once', () => {
  test.each([
    ['Europe/Berlin', '02:30', '2027-03-27', ['03-27 02:30', '03-28 03:30', '03-29 02:30']],
    ['Europe/Berlin', '02:30', '2027-10-30', ['10-30 02:30', '10-31 02:30', '11-01 02:30']],
    // The server by itself starts this one twice.
    ['Europe/Berlin', '01:30', '2027-10-30', ['10-30 01:30', '10-31 01:30', '11-01 01:30']],
    ['Europe/London', '00:30', '2027-10-30', ['10-30 00:30', '10-31 00:30', '11-01 00:30']],
    ['America/New_York', '02:15', '2028-03-11', ['03-11 02:15', '03-12 03:15', '03-13 02:15']],
    ['America/New_York', '01:15', '2028-11-04', ['11-04 01:15', '11-05 01:15', '11-06 01:15']],
    // Half an hour.
    ['Australia/Lord_Howe', '02:10', '2027-10-02', ['10-02 02:10', '10-03 02:40', '10-04 02:10']],
    ['Australia/Lord_Howe', '01:45', '2027-04-03', ['04-03 01:45', '04-04 01:45', '04-05 01:45']],
    // At midnight: into another day.
    ['America/Havana', '00:30', '2027-11-06', ['11-06 00:30', '11-07 00:30', '11-08 00:30']],
    ['America/Nuuk', '23:40', '2027-03-26', ['03-26 23:40', '03-28 00:40', '03-28 23:40']],
    ['UTC', '02:30', '2027-03-27', ['03-27 02:30', '03-28 02:30', '03-29 02:30']],
  ])('%s, %s, from %s', async (...[timezone, time, date, expected]) => {
    const from = Date.parse(`${date}T00:00:00Z`) - DAY_MS;
    const range = { from: new Date(from).toISOString(), to: new Date(from + 5 * DAY_MS).toISOString() };
    const found = wallTimes(timezone, await timesOf(specOf({ daily: [time], timezone }), range));
    const first = found.findIndex((wallTime) => wallTime === expected[0]);
    expect(found.slice(first, first + expected.length)).toEqual(expected);
  });

  test('in each zone, for three years: as many starts as days, about a day apart', async () => {
    const zone = fc.constantFrom(...ZONES);
    // Clocks change at night.
    const time = fc
      .tuple(fc.constantFrom('00', '01', '02', '03', '23'), fc.integer({ min: 0, max: 59 }))
      .map(([hour, minute]) => `${hour}:${String(minute).padStart(2, '0')}`);
    await fc.assert(
      fc.asyncProperty(zone, time, async (timezone, daily) => {
        const range = { from: '2026-12-02T00:00:00Z', to: '2029-12-01T00:00:00Z' };
        const found = await timesOf(specOf({ daily: [daily], timezone }), range);
        expect(found).toHaveLength((Date.parse(range.to) - Date.parse(range.from)) / DAY_MS);
        const apart = found.slice(1).map((instant, index) => (instant - found[index]!) / HOUR_MS);
        expect(Math.min(...apart)).toBeGreaterThanOrEqual(22 - 1 / 60);
        expect(Math.max(...apart)).toBeLessThanOrEqual(26 + 1 / 60);
      }),
      { numRuns: 20 },
    );
  });

  test('only on the chosen days, also where several times meet', async () => {
    const timezone = 'Europe/Berlin';
    const daily = ['01:30', '02:30', '03:30', '12:00'];
    const settings = { daily, timezone, weekdays: ['sunday', 'tuesday'] } satisfies Partial<ScheduleSettings>;
    const around = async (date: string) => {
      const from = Date.parse(date);
      const range = { from: date, to: new Date(from + 2 * DAY_MS).toISOString() };
      return wallTimes(timezone, await timesOf(specOf(settings), range));
    };
    // 02:30 is made up at 03:30, which is a time of its own.
    expect(await around('2027-03-27T00:00:00Z')).toEqual(['03-28 01:30', '03-28 03:30', '03-28 12:00']);
    expect(await around('2027-10-30T00:00:00Z')).toEqual([
      '10-31 01:30',
      '10-31 02:30',
      '10-31 03:30',
      '10-31 12:00',
    ]);
    // A change on a day that is not chosen.
    const monday = specOf({ ...settings, weekdays: ['monday'] });
    expect(
      wallTimes(
        timezone,
        await timesOf(monday, { from: '2027-10-30T00:00:00Z', to: '2027-11-01T12:00:00Z' }),
      ),
    ).toEqual(['11-01 01:30', '11-01 02:30', '11-01 03:30', '11-01 12:00']);
  });
});

describe('a spec', () => {
  const timezone = 'America/New_York';

  test('leaves out dates of the zone, also on the day of a change, and for an interval', async () => {
    const range = { from: '2027-03-13T05:00:00Z', to: '2027-03-16T04:00:00Z' };
    const skipDates = ['2027-03-14'];
    const daily = await timesOf(specOf({ daily: ['02:30'], timezone, skipDates }), range);
    expect(wallTimes(timezone, daily)).toEqual(['03-13 02:30', '03-15 02:30']);
    const every = await timesOf(specOf({ every: '12h', timezone, skipDates }), range);
    expect(wallTimes(timezone, every)).toEqual(['03-13 07:00', '03-13 19:00', '03-15 08:00', '03-15 20:00']);
    const autumn = { from: '2027-11-06T04:00:00Z', to: '2027-11-09T05:00:00Z' };
    const back = await timesOf(specOf({ daily: ['01:30'], timezone, skipDates: ['2027-11-07'] }), autumn);
    expect(wallTimes(timezone, back)).toEqual(['11-06 01:30', '11-08 01:30']);
  });

  test('begins and ends with whole days of the zone, or at a time', async () => {
    const range = { from: '2027-01-01T00:00:00Z', to: '2027-01-10T00:00:00Z' };
    const days = { start: '2027-01-02', end: '2027-01-03' };
    const daily = ['00:00', '23:59'];
    expect(wallTimes(timezone, await timesOf(specOf({ daily, timezone, ...days }), range))).toEqual([
      '01-02 00:00',
      '01-02 23:59',
      '01-03 00:00',
      '01-03 23:59',
    ]);
    const times = { start: '2027-01-02T12:00:00Z', end: '2027-01-03T12:00:00+02:00' };
    expect(wallTimes('UTC', await timesOf(specOf({ every: '6h', ...times }), range))).toEqual([
      '01-02 12:00',
      '01-02 18:00',
      '01-03 00:00',
      '01-03 06:00',
    ]);
  });

  test('of cron expressions is that of Temporal: missing in spring, and twice in autumn in the hour before', async () => {
    const range = { from: '2027-01-01T00:00:00Z', to: '2027-01-03T00:00:00Z' };
    const spec = specOf({ cron: ['0 6 * * *', '30 18 * * sat'], timezone: 'UTC' });
    expect(wallTimes('UTC', await timesOf(spec, range))).toEqual([
      '01-01 06:00',
      '01-02 06:00',
      '01-02 18:30',
    ]);
  });
});
