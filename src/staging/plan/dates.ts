import type { DateFormat } from '../../contract/merge-field';
import { quoteText } from '../../duckdb/quote';

const ZONE = String.raw`\s?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)`;
const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:${ZONE})?)?`;
/** Hour, minute, second, and A or P. */
const TIME_OF_DAY = String.raw`(?:(?:T|,? )(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?(?:\s?([AaPp])\.?[Mm]\.?)?(?:${ZONE})?)?`;

const DIGITS = {
  YYYY: String.raw`(\d{4})`,
  YY: String.raw`(\d{2})`,
  MM: String.raw`(\d{1,2})`,
  DD: String.raw`(\d{1,2})`,
} as const;
type DatePart = keyof typeof DIGITS;
const PARTS = /YYYY|YY|MM|DD/g;

/** In a leap year, so that 02/29 is a day. */
const NO_YEAR = "'2000'";
/** Of two digits: the first year that is in the last century. */
const FIRST_OF_CENTURY = 69;

/** SQL: the date in a text of some format, or in ISO 8601; null where it has another or is none. */
export function dateIn(text: string, format: DateFormat | undefined): string {
  if (format === undefined) return isoDate(text);
  return format === 'EXCEL' ? excelDate(text) : formattedDate(text, format);
}

/** The day as it is written: a time and its zone are dropped, not applied. */
export function isoDate(text: string): string {
  return `CASE WHEN regexp_full_match(${text}, '${ISO_DATE}') THEN TRY_CAST(left(${text}, 10) AS DATE) END`;
}

/** The first days are not counted: Excel has a 29 February 1900, and 0 and 1 stand for no date. */
const FIRST_SERIAL = 61;
const LAST_SERIAL = 2_958_465;
const SERIAL = String.raw`\d{2,7}(?:[.,]\d+)?`;

function excelDate(text: string): string {
  const days = String.raw`TRY_CAST(regexp_extract(${text}, '^\d+') AS INTEGER)`;
  return `CASE WHEN regexp_full_match(${text}, '${SERIAL}') AND ${days} BETWEEN ${FIRST_SERIAL} AND ${LAST_SERIAL}
    THEN DATE '1899-12-30' + ${days} END`;
}

function formattedDate(text: string, format: DateFormat): string {
  const { pattern, groupOf } = patternOf(format);
  const part = (name: DatePart): string => `regexp_extract(${text}, ${pattern}, ${groupOf(name)})`;
  const twoDigits = (name: DatePart): string => `lpad(${part(name)}, 2, '0')`;
  const year = format.includes('YYYY')
    ? part('YYYY')
    : format.includes('YY')
      ? fullYear(part('YY'))
      : NO_YEAR;
  return `TRY_CAST(${year} || '-' || ${twoDigits('MM')} || '-' || ${twoDigits('DD')} AS DATE)`;
}

function fullYear(digits: string): string {
  return `CASE WHEN ${digits} >= '${FIRST_OF_CENTURY}' THEN '19' ELSE '20' END || ${digits}`;
}

interface Pattern {
  /** SQL literal. */
  readonly pattern: string;
  readonly groupOf: (part: DatePart) => number;
  /** The first group of the time of day. */
  readonly timeGroup: number;
}

function patternOf(format: DateFormat): Pattern {
  const parts = format.match(PARTS) as DatePart[];
  const isPacked = format === 'YYYYMMDD';
  const date = format
    .replaceAll(/[./]/g, String.raw`\$&`)
    .replaceAll(PARTS, (part) =>
      isPacked && part !== 'YYYY' ? String.raw`(\d{2})` : DIGITS[part as DatePart],
    );
  return {
    pattern: quoteText(`^${date}${TIME_OF_DAY}$`),
    groupOf: (part) => parts.indexOf(part) + 1,
    timeGroup: parts.length + 1,
  };
}

/**
 * SQL: what tells which of several texts is the latest, as microseconds or, without a format, a number; null for anything else. With a
 * format, times count as written, whatever their zone.
 */
export function instantIn(text: string, format: DateFormat | undefined): string {
  const value = format === undefined ? instantOrNumber(text) : formattedInstant(text, format);
  // Otherwise the text NaN, or infinity, would win over every date.
  return `CASE WHEN isfinite(${value}) THEN ${value} END`;
}

function instantOrNumber(text: string): string {
  const time = String.raw`regexp_replace(${text}, '\s?(?:UTC|GMT)$', 'Z')`;
  return `coalesce(TRY_CAST(${text} AS DOUBLE), epoch_us(TRY_CAST(${time} AS TIMESTAMPTZ))::DOUBLE)`;
}

function formattedInstant(text: string, format: DateFormat): string {
  if (format === 'EXCEL')
    return `CASE WHEN ${excelDate(text)} IS NOT NULL THEN TRY_CAST(replace(${text}, ',', '.') AS DOUBLE) END`;
  const { pattern, timeGroup } = patternOf(format);
  const group = (offset: number): string => `regexp_extract(${text}, ${pattern}, ${timeGroup + offset})`;
  const number = (offset: number): string =>
    `coalesce(TRY_CAST(replace(${group(offset)}, ',', '.') AS DOUBLE), 0)`;
  const hour = `CASE lower(${group(3)}) WHEN 'a' THEN ${number(0)} % 12 WHEN 'p' THEN ${number(0)} % 12 + 12 ELSE ${number(0)} END`;
  return `epoch_us(${formattedDate(text, format)}::TIMESTAMP)::DOUBLE + ((${hour}) * 3600 + ${number(1)} * 60 + ${number(2)}) * 1000000`;
}

/** Dates that databases and spreadsheets write where there is none. */
const PLACEHOLDERS = ['1601-01-01', '1753-01-01', '1899-12-30', '1899-12-31', '1900-01-01'];

/** SQL: a date, but null for one of the year 1, which stands for none. */
export function realDate(date: string): string {
  return `CASE WHEN ${date} >= DATE '0002-01-01' THEN ${date} END`;
}

/** SQL: a date of birth, but null for one that stands for none. */
export function realBirthday(date: string): string {
  const none = PLACEHOLDERS.map((day) => `DATE ${quoteText(day)}`).join(', ');
  return `CASE WHEN ${date} >= DATE '0002-01-01' AND ${date} < DATE '9999-01-01' AND ${date} NOT IN (${none}) THEN ${date} END`;
}
