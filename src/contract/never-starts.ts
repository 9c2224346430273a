import { LAST_YEAR, readCron } from './cron';
import { periodMs, type ScheduleRequest } from './schedule';
import { beginningOf, dateOf, endOf, timesOn } from './schedule-spec';
import { DAY_MS, instantOf, wallTimeAt } from './time-zone';

type Times = Omit<ScheduleRequest, 'targets'>;

interface Period {
  readonly from: number;
  readonly to: number;
}

/** Why a schedule will start nothing: for a person who sets it up. Undefined: it has a time. */
export function whyNever(settings: Times, now: number): string | undefined {
  const { start, end, timezone, cron } = settings;
  const endsAt = end === undefined ? Date.UTC(LAST_YEAR + 1, 0) : endOf(end, timezone);
  if (endsAt < now) return `its end, ${end}, has passed`;
  const startsAt = start === undefined ? now : beginningOf(start, timezone);
  if (endsAt < startsAt) return `its end, ${end}, is before its start, ${start}`;
  if (hasTime(settings, { from: Math.max(now, startsAt), to: endsAt })) return undefined;
  if (cron && hasNoDay(cron)) return `no day matches ${cron.join('; ')}`;
  return 'no time of it is left between its start and its end, without the days that it skips';
}

function hasTime(settings: Times, period: Period): boolean {
  if (settings.daily) return hasDailyTime(settings, period);
  return settings.every ? hasInterval(settings, period) : hasCronDay(settings, period);
}

function hasDailyTime(settings: Times, { from, to }: Period): boolean {
  const { timezone } = settings;
  return hasDay(settings, { from, to }, (day) =>
    timesOn(day, settings).some((time) => {
      const instant = instantOf(timezone, time);
      return instant >= from && instant <= to;
    }),
  );
}

function hasCronDay(settings: Times, period: Period): boolean {
  const days = (settings.cron ?? []).map(readCron);
  return hasDay(settings, period, (day) =>
    days.some((matches) => typeof matches === 'string' || matches(new Date(day))),
  );
}

/** Whether a day in the time zone that is not skipped matches. */
function hasDay(
  { timezone, skipDates }: Times,
  { from, to }: Period,
  matches: (day: number) => boolean,
): boolean {
  const last = wallTimeAt(timezone, to);
  for (let day = beginningOfDay(wallTimeAt(timezone, from)); day <= last; day += DAY_MS)
    if (!skipDates.includes(dateOf(day)) && matches(day)) return true;
  return false;
}

function hasInterval({ every = '1d', offset, timezone, skipDates }: Times, { from, to }: Period): boolean {
  const [periodic, shift] = [periodMs(every), offset === undefined ? 0 : periodMs(offset)];
  let time = Math.ceil((from - shift) / periodic) * periodic + shift;
  // Each turn leaves a skipped day: there are a hundred at most.
  while (time <= to && skipDates.includes(dateOf(wallTimeAt(timezone, time)))) {
    const nextDay = instantOf(timezone, beginningOfDay(wallTimeAt(timezone, time)) + DAY_MS);
    time = Math.max(time + periodic, Math.ceil((nextDay - shift) / periodic) * periodic + shift);
  }
  return time <= to;
}

function hasNoDay(cron: readonly string[]): boolean {
  const days = cron.map(readCron);
  // Every date there is: with leap years on each day of the week.
  for (let day = Date.UTC(2000, 0); day < Date.UTC(LAST_YEAR + 1, 0); day += DAY_MS)
    if (days.some((matches) => typeof matches === 'string' || matches(new Date(day)))) return false;
  return true;
}

function beginningOfDay(wallTime: number): number {
  return Math.floor(wallTime / DAY_MS) * DAY_MS;
}
