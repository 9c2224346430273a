import type { CalendarSpec, IntervalSpec, ScheduleSpec } from '@temporalio/client';
import { isOnlyDate, periodMs, type ScheduleRequest } from './schedule';
import { clockChanges, DAY_MS, instantOf, type ClockChange } from './time-zone';

const HOUR_MS = DAY_MS / 24;

/** How far ahead skipped wall times are made up. A refresh extends it when less than `EXTEND_BELOW_YEARS` are left. */
const YEARS_AHEAD = 3;
const EXTEND_BELOW_YEARS = 2;

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;

const SUNDAY_FIRST = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** A time of day that the change to summer time skips, and when it is made up: wall times of the zone, as `2027-03-28T02:30`. */
interface MadeUpTime {
  readonly skipped: string;
  readonly instead: string;
}

type Daily = Pick<ScheduleRequest, 'daily' | 'weekdays' | 'timezone'>;

/** The times of one day, as wall times. */
export function timesOn(day: number, { daily = [], weekdays }: Daily): number[] {
  const isLeftOut = weekdays && !weekdays.includes(SUNDAY_FIRST[new Date(day).getUTCDay()]!);
  return isLeftOut ? [] : daily.map((time) => Date.parse(`${dateOf(day)}T${time}Z`));
}

/** The days from one wall time to another, both included. */
function daysOf(from: number, to: number): number[] {
  const first = Math.floor(from / DAY_MS) * DAY_MS;
  return Array.from({ length: Math.floor((to - first) / DAY_MS) + 1 }, (_, index) => first + index * DAY_MS);
}

/** The wall times of a daily schedule that no clock shows. Each is made up later by what the clock skips. */
function madeUpTimes(daily: Daily, changes: readonly ClockChange[]): readonly MadeUpTime[] {
  return changes.flatMap(({ from, to }) => {
    const times = daysOf(from, to).flatMap((day) => timesOn(day, daily));
    const skipped = times.filter((time) => time >= from && time < to);
    return skipped.map((time) => ({ skipped: minuteOf(time), instead: minuteOf(time + (to - from)) }));
  });
}

/**
 * The days on which the clock goes back, as dates. The server starts some of their times twice: not those that the clock shows twice, but
 * those of the hour before. So the times of these days are given as moments.
 */
function daysBack(changes: readonly ClockChange[]): readonly number[] {
  const back = changes.filter(({ from, to }) => to < from);
  return [...new Set(back.flatMap(({ from, to }) => daysOf(to - HOUR_MS, from + HOUR_MS)))];
}

export function dateOf(wallTime: number): string {
  return new Date(wallTime).toISOString().slice(0, 'yyyy-mm-dd'.length);
}

function minuteOf(wallTime: number): string {
  return new Date(wallTime).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);
}

/** Until when `scheduleSpec` makes up skipped times. */
export function madeUpUntil(now: number): string {
  return yearsAfter(now, YEARS_AHEAD);
}

/** Whether the made-up times of a schedule end so early that the next refresh of a rare schedule might be too late to extend them. */
export function needsExtension(until: string, now: number): boolean {
  return until < yearsAfter(now, EXTEND_BELOW_YEARS);
}

function yearsAfter(now: number, years: number): string {
  return new Date(now + years * 366 * DAY_MS).toISOString();
}

/** The times of a schedule in Temporal's form. The server refuses cron expressions that it does not know. */
export function scheduleSpec(settings: ScheduleRequest, now: number): ScheduleSpec {
  const { daily, cron, every, offset, timezone, jitter, skipDates, start, end } = settings;
  return {
    timezone,
    skip: skipDates.map(wholeDay),
    ...(daily && dailySpec(settings, now)),
    ...(cron && { cronExpressions: [...cron] }),
    ...(every && {
      intervals: [{ every: periodMs(every), ...(offset && { offset: periodMs(offset) }) }],
    }),
    ...(jitter && { jitter: periodMs(jitter) }),
    ...(start && { startAt: new Date(beginningOf(start, timezone)) }),
    ...(end && { endAt: new Date(endOf(end, timezone)) }),
  };
}

function dailySpec(settings: ScheduleRequest, now: number): ScheduleSpec {
  const { daily = [], weekdays, timezone, skipDates } = settings;
  const dayOfWeek = weekdays?.map((day) => day.toUpperCase() as Uppercase<typeof day>);
  // From yesterday: a time of today may be made up later today.
  const changes = clockChanges(timezone, now - DAY_MS, Date.parse(madeUpUntil(now)));
  const back = daysBack(changes);
  return {
    calendars: [
      ...daily.map((time) => ({
        ...hourAndMinute(time),
        ...(dayOfWeek && { dayOfWeek }),
        comment: weekdays ? `${time} on ${weekdays.join(', ')}` : `${time} each day`,
      })),
      ...madeUpTimes(settings, changes).map(inPlace),
    ],
    intervals: back.flatMap((day) => timesOn(day, settings)).map((time) => onceAt(instantOf(timezone, time))),
    skip: [...skipDates.map(wholeDay), ...back.map(fullMinutes)],
  };
}

function inPlace({ skipped, instead }: MadeUpTime): CalendarSpec {
  const [date = '', time = ''] = instead.split('T');
  return {
    ...onDate(date),
    ...hourAndMinute(time),
    comment: `In place of ${skipped.replace('T', ' ')}, which the change to summer time skips`,
  };
}

/** So long that only one moment of such an interval matters, and shorter than the time since 1970, before which the server starts none. */
const FIFTY_YEARS_MS = 18_262 * DAY_MS;

/** A second later, so that `fullMinutes` does not exclude it. */
function onceAt(instant: number): IntervalSpec {
  return { every: FIFTY_YEARS_MS, offset: (instant + 1000) % FIFTY_YEARS_MS };
}

/** Excludes what calendars start on a day, and not its moments. */
function fullMinutes(day: number): CalendarSpec {
  const date = dateOf(day);
  return {
    ...onDate(date),
    hour: '*',
    minute: '*',
    second: 0,
    comment: `On ${date} the clock goes back: its times are given as intervals, so that each starts once`,
  };
}

function hourAndMinute(time: string): { hour: number; minute: number } {
  const [hour, minute] = time.split(':').map(Number);
  return { hour: hour!, minute: minute! };
}

function onDate(date: string) {
  const [year, month, day] = date.split('-').map(Number);
  return { year: year!, month: MONTHS[month! - 1]!, dayOfMonth: day! };
}

function wholeDay(date: string): CalendarSpec {
  return { ...onDate(date), hour: '*', minute: '*', second: '*', comment: `Not on ${date}` };
}

export function beginningOf(start: string, timezone: string): number {
  return isOnlyDate(start) ? instantOf(timezone, Date.parse(`${start}T00:00:00Z`)) : Date.parse(start);
}

export function endOf(end: string, timezone: string): number {
  if (!isOnlyDate(end)) return Date.parse(end);
  // The server's times have whole seconds.
  return instantOf(timezone, Date.parse(`${end}T00:00:00Z`) + DAY_MS) - 1000;
}
