import { z } from 'zod';
import { readCron } from './cron';
import { allowing } from './describe-issue';
import { distinctList } from './distinct-list';
import { RefreshInputSchema, type RefreshInput } from './refresh';
import { isTimeZone } from './time-zone';

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
type Weekday = (typeof WEEKDAYS)[number];
const SHORT_WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** In full, also where it was given in short. */
export const WeekdaySchema = z
  .enum([...WEEKDAYS, ...SHORT_WEEKDAYS], {
    error: allowing(`one of ${SHORT_WEEKDAYS.join(', ')}, or in full: monday, tuesday, …`),
  })
  .transform((day): Weekday => WEEKDAYS.find((name) => name.startsWith(day))!);

/** What happens to a refresh that is due while the last one of the schedule still runs. */
export const OVERLAPS = ['skip', 'buffer-one', 'allow'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Temporal allows no more, and nothing of this package takes longer. */
const LONGEST_CATCH_UP_MINUTES = 7 * 24 * 60;

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** @param text as `PeriodSchema` allows it */
export function periodMs(text: string): number {
  return Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS];
}

export const PeriodSchema = z
  .string()
  .regex(/^[1-9]\d{0,4}[smhd]$/, { error: allowing('a time such as 30m, 6h or 1d') });

const WallTimeSchema = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: allowing('a time from 00:00 to 23:59, for example 02:30') });
const DATE = /^\d{4}-\d\d-\d\d$/;
const NOT_A_DATE = { error: allowing('a date, for example 2027-12-25') };
const DateSchema = z
  .string()
  .regex(DATE, { ...NOT_A_DATE, abort: true })
  .refine(isDate, NOT_A_DATE);
const InstantSchema = z.iso.datetime({ offset: true });
const NOT_AN_INSTANT = { error: allowing('a date, or a time such as 2027-01-31T06:00:00Z') };
/** A date stands for its beginning or its end, in the time zone of the schedule. */
export const DateOrInstantSchema = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d(?:T\S+)?$/, { ...NOT_AN_INSTANT, abort: true })
  .refine((text) => isDate(text) || InstantSchema.safeParse(text).success, NOT_AN_INSTANT);

const CronSchema = z
  .string()
  .min(1)
  .max(100)
  .superRefine((text, context) => {
    const read = readCron(text);
    if (typeof read === 'string') context.addIssue({ code: 'custom', message: read });
  });

/** 2027-02-30 would be taken for the 2nd of March. */
function isDate(text: string): boolean {
  if (!isOnlyDate(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

export function isOnlyDate(text: string): boolean {
  return DATE.test(text);
}

const { targets, ...REFRESH_OPTIONS } = RefreshInputSchema.shape;

const WHEN = {
  daily: distinctList(WallTimeSchema, { least: 1, most: 4 })
    .optional()
    .describe(
      'One to four times of day, in the time zone. One that the change to summer time skips is made up an hour later.',
    ),
  weekdays: distinctList(WeekdaySchema, { least: 1, most: 7 })
    .optional()
    .describe('With daily: only on these days. Default: on all.'),
  cron: distinctList(CronSchema, { least: 1, most: 10 })
    .optional()
    .describe(
      'Cron expressions, as Temporal takes them. A time that the change to summer time skips is not made up.',
    ),
  every: PeriodSchema.optional().describe(
    'An interval: 30m, 6h, 1d. It counts from midnight UTC of 1970-01-01.',
  ),
  offset: PeriodSchema.optional().describe('With every: how much later, for example 15m.'),
  timezone: z
    .string()
    .refine(isTimeZone, { error: allowing('a time zone of the IANA database, for example Europe/Berlin') })
    .default('UTC')
    .describe('Of daily, cron, skipDates, and of start and end without a time.'),
  jitter: PeriodSchema.optional().describe('Start up to this much later, by chance.'),
  skipDates: distinctList(DateSchema, { most: 100 }).default([]).describe('Days without a refresh.'),
  start: DateOrInstantSchema.optional().describe('No refresh before. A date: from its beginning.'),
  end: DateOrInstantSchema.optional().describe('No refresh after. A date: to its end.'),
  overlap: z
    .enum(OVERLAPS)
    .default('skip')
    .describe(
      'When the last refresh of the schedule still runs. skip: leave this one out. buffer-one: start one when it has ended. allow: start it at once.',
    ),
  catchUpMinutes: z
    .int()
    .min(1)
    .max(LONGEST_CATCH_UP_MINUTES)
    .default(60)
    .describe('A refresh that an outage of Temporal has delayed by more than this is left out.'),
  pauseOnFailure: z
    .boolean()
    .default(false)
    .describe(
      'Pause the schedule when a refresh fails. One that could not export some destinations has not failed.',
    ),
  ...REFRESH_OPTIONS,
};

type When = z.output<z.ZodObject<typeof WHEN>>;

/** What no single field shows. */
function checkWhen(when: When, context: z.RefinementCtx): void {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  const given = [when.daily, when.cron, when.every].filter((value) => value !== undefined);
  if (given.length !== 1) refuse('daily', 'give one of daily, cron and every');
  if (when.weekdays && !when.daily) refuse('weekdays', 'only with daily');
  if (when.offset && !when.every) refuse('offset', 'only with every');
  if (when.every && periodMs(when.every) < UNITS.m) refuse('every', 'a minute or more');
  if (when.every && when.offset && periodMs(when.offset) >= periodMs(when.every))
    refuse('offset', 'less than every');
  if (when.jitter && periodMs(when.jitter) > UNITS.d) refuse('jitter', 'at most 1d');
  if (when.start && when.end && Date.parse(when.end) < Date.parse(when.start))
    refuse('end', 'not before start');
}

export const ScheduleSettingsSchema = z.strictObject({ targets, ...WHEN }).superRefine(checkWhen);
/** What to refresh, when (one of `daily`, `cron` and `every`), and how. */
export interface ScheduleSettings extends z.input<typeof ScheduleSettingsSchema> {}
/** The settings with their defaults. */
export interface ScheduleRequest extends z.output<typeof ScheduleSettingsSchema> {}

/** The settings of a schedule for one destination, as the configuration file has it. */
export const DestinationScheduleSchema = z.strictObject(WHEN).superRefine(checkWhen);

/** What a schedule keeps beside Temporal's form of it: the settings as they were given, to show and to compare. */
export const ScheduleRecordSchema = z.object({
  settings: ScheduleSettingsSchema,
  /** Made from `destinations.<name>.schedule` of a configuration file. */
  isFromFile: z.boolean(),
  /** Skipped wall times are made up until then. In ISO 8601 and UTC. */
  madeUpUntil: z.string(),
});
export type ScheduleRecord = z.output<typeof ScheduleRecordSchema>;

export function refreshInputOf({
  targets,
  whenSourceChanged,
  atOnce,
  longestMinutes,
}: ScheduleRequest): RefreshInput {
  return { targets, whenSourceChanged, atOnce, longestMinutes };
}

/** Both as parsed: with defaults, and in the order of the schema. */
export function areSameSettings(one: ScheduleRequest, other: ScheduleRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
