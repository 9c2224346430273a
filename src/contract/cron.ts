/** The days on which a cron expression may start a refresh. Undefined: on all. */
export type CronDays = (day: Date) => boolean;

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** In the order of their numbers from `from`. */
  readonly words?: readonly string[];
}

const SECOND: Field = { name: 'second', from: 0, to: 59 };
const MINUTE: Field = { name: 'minute', from: 0, to: 59 };
const HOUR: Field = { name: 'hour', from: 0, to: 23 };
const DAY: Field = { name: 'day of the month', from: 1, to: 31 };
const MONTH: Field = {
  name: 'month',
  from: 1,
  to: 12,
  words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const WEEKDAY: Field = {
  name: 'day of the week',
  from: 0,
  to: 7,
  words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
};
/** The server's first and last. */
const YEAR: Field = { name: 'year', from: 2000, to: 2100 };
export const LAST_YEAR = YEAR.to;

/** The fields of an expression, by their number. */
const LAYOUTS: Readonly<Record<number, readonly Field[]>> = {
  5: [MINUTE, HOUR, DAY, MONTH, WEEKDAY],
  6: [MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR],
  7: [SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR],
};

const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const INTERVAL = /^@every\s+\S/;
const ZONE = /^(?:CRON_)?TZ=\S+\s+/;

/**
 * Reads a cron expression as Temporal's server does: it takes no less. Unlike in `cron`, a day has to match both the day of the month and
 * that of the week.
 * @returns the days; a text says what is wrong
 */
export function readCron(expression: string): CronDays | string {
  const text = expression.replace(/#.*$/s, '').trim().replace(ZONE, '');
  if (INTERVAL.test(text)) return () => true;
  const parts = (NAMED[text] ?? text).split(/\s+/);
  const layout = LAYOUTS[parts.length];
  if (!layout)
    return 'a cron expression with five fields (minute, hour, day of the month, month, day of the week), for example 30 2 * * mon-fri';
  const allowed = new Map<Field, ReadonlySet<number>>();
  for (const [index, field] of layout.entries()) {
    const numbers = readField(parts[index]!, field);
    if (!numbers) return `a cron expression whose ${field.name} is ${rangeOf(field)}`;
    allowed.set(field, numbers);
  }
  const has = (field: Field, number: number) => allowed.get(field)?.has(number) !== false;
  const weekdays = allowed.get(WEEKDAY)!;
  return (day) =>
    has(YEAR, day.getUTCFullYear()) &&
    has(MONTH, day.getUTCMonth() + 1) &&
    has(DAY, day.getUTCDate()) &&
    (weekdays.has(day.getUTCDay()) || (day.getUTCDay() === 0 && weekdays.has(7)));
}

function rangeOf({ from, to, words }: Field): string {
  const named = words ? ` (or ${words[0]} to ${words.at(words[0] === words.at(-1) ? -2 : -1)})` : '';
  return `from ${from} to ${to}${named}, a range such as ${from}-${from + 1}, a list, * or */2`;
}

/** Undefined: it cannot be read. */
function readField(text: string, field: Field): ReadonlySet<number> | undefined {
  const numbers = text.split(',').map((part) => readPart(part, field));
  return numbers.includes(undefined) ? undefined : new Set(numbers.flatMap((some) => some ?? []));
}

function readPart(text: string, field: Field): readonly number[] | undefined {
  const [, range = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(text) ?? [];
  const [first, last] = endsOf(range, field, step !== undefined);
  const by = Number(step ?? 1);
  if (first === undefined || last === undefined || last < first || by < 1) return undefined;
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + index * by);
}

function endsOf(range: string, field: Field, hasStep: boolean): readonly (number | undefined)[] {
  if (range === '*') return [field.from, field.to];
  const [first = '', last, more] = range.split('-');
  if (more !== undefined) return [];
  const from = numberOf(first, field);
  // "5/10" begins there.
  if (last === undefined) return [from, hasStep ? field.to : from];
  return [from, numberOf(last, field)];
}

function numberOf(text: string, { from, to, words = [] }: Field): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= from && number <= to ? number : undefined;
  }
  const place = words.indexOf(text.toLowerCase().slice(0, 3));
  return place === -1 ? undefined : place + from;
}
