import type { DateFormat, FieldMatch, MergeField } from '../../contract/merge-field';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { isBlank, stripped } from './address';

/** Mailchimp cuts texts there, in bytes; so we do it first, on a character, and know what it stores. */
const MAX_TEXT = 255;

const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?`;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;

type WireText = (column: string, match: FieldMatch) => string;

const webAddress: WireText = (column) =>
  String.raw`CASE WHEN regexp_full_match(${stripped(column)}, '(?i)https?://[^\s/?#]+\S*') THEN ${stripped(column)} END`;

const choice: WireText = (column, { field }) =>
  `CASE WHEN list_contains(${quoteTexts(field.choices)}::VARCHAR[], ${stripped(column)}) THEN ${stripped(column)} END`;

/** SQL for a column with an attribute's text: the value that a merge field gets, as text; null where it does not fit. */
const WIRE_TEXT: Record<MergeField['type'], WireText> = {
  text: (column) => `CASE WHEN strlen(${column}) <= ${MAX_TEXT} THEN ${column} ELSE ${cut(column)} END`,
  number: (column) => jsonNumber(stripped(column)),
  date: (column, { format }) => day(stripped(column), format),
  birthday: (column, { format }) => birthday(stripped(column), format),
  zip: (column) =>
    String.raw`CASE WHEN regexp_full_match(${stripped(column)}, '\d{5}') THEN ${stripped(column)} END`,
  phone: (column, { field: { phoneFormat } }) =>
    phoneFormat?.toUpperCase() === 'US' ? usPhone(stripped(column)) : stripped(column),
  url: webAddress,
  imageurl: webAddress,
  radio: choice,
  dropdown: choice,
  // Refused when a destination is configured.
  address: () => 'NULL::VARCHAR',
};

export interface WireValue {
  /** SQL: null where the attribute is empty or does not fit. */
  readonly text: string;
  /** SQL: `NULL` for an empty value, 0 for one that does not fit, else the same for the same value in every version of DuckDB. */
  readonly hash: string;
  /** SQL: whether the value was longer than Mailchimp keeps. */
  readonly isCut: string;
}

export const DOES_NOT_FIT = 0;

export function wireValue(column: string, match: FieldMatch): WireValue {
  const { field } = match;
  const text = WIRE_TEXT[field.type](column, match);
  // A number and a text with the same digits are different values on the wire.
  const kind = field.type === 'number' ? 'number:' : 'text:';
  return {
    text: `CASE WHEN NOT ${isBlank(column)} THEN ${text} END`,
    hash: `CASE WHEN NOT ${isBlank(column)} THEN coalesce(${stableHash(`'${kind}' || (${text})`)}, ${DOES_NOT_FIT}) END`,
    isCut: field.type === 'text' ? `coalesce(strlen(${column}) > ${MAX_TEXT}, false)` : 'false',
  };
}

/** SQL: a hash of 64 bits, the same in every version of DuckDB. `md5_number_lower` takes three times as long. */
export function stableHash(text: string): string {
  return `(md5_number(${text}) >> 64)::UBIGINT`;
}

/** SQL: a wire text as JSON. */
export function wireJson(text: string, field: MergeField): string {
  return field.type === 'number' ? text : `to_json(${text})`;
}

/** SQL: about how many bytes a value has on the wire. A text is cut. */
export function wireLength(column: string, { type }: MergeField): string {
  return type === 'text' ? `least(strlen(${column}), ${MAX_TEXT})` : `strlen(${column})`;
}

/** The last character may have up to four bytes, so one of four cuts is whole. */
function cut(text: string): string {
  const cuts = [0, 1, 2, 3].map((less) => `TRY(decode(encode(${text})[1:${MAX_TEXT - less}]))`);
  return `coalesce(${cuts.join(', ')})`;
}

/** JSON does not allow "+1", "007", ".5" and "5.". Digits are kept as they are: a double would lose some. */
function jsonNumber(text: string): string {
  const steps: readonly (readonly [string, string])[] = [
    [String.raw`^\+`, ''],
    [String.raw`^(-?)0+(\d)`, String.raw`\1\2`],
    [String.raw`^(-?)\.`, String.raw`\10.`],
    [String.raw`\.($|[eE])`, String.raw`\1`],
  ];
  const json = steps.reduce(
    (sql, [from, to]) => `regexp_replace(${sql}, ${quoteText(from)}, ${quoteText(to)})`,
    text,
  );
  return `CASE WHEN regexp_full_match(${text}, '${NUMBER}') AND isfinite(TRY_CAST(${text} AS DOUBLE)) THEN ${json} END`;
}

/** The day as it is written: a time and its zone are dropped, not applied. */
function day(text: string, format: DateFormat | undefined): string {
  const date = dateIn(text, format);
  return `CASE WHEN ${date} > DATE '0001-01-01' THEN strftime(${date}, '%Y-%m-%d') END`;
}

function dateIn(text: string, format: DateFormat | undefined): string {
  return format === undefined ? isoDate(text) : formattedDate(text, format);
}

const DIGITS = { YYYY: String.raw`(\d{4})`, MM: String.raw`(\d{1,2})`, DD: String.raw`(\d{1,2})` } as const;
type DatePart = keyof typeof DIGITS;
const TIME_OF_DAY = String.raw`(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?`;

/** SQL: the date in a text of some format; null where it has another or is none. Without a year, in a leap year. */
function formattedDate(text: string, format: DateFormat): string {
  const parts = format.match(/YYYY|MM|DD/g) as DatePart[];
  const isPacked = format === 'YYYYMMDD';
  const pattern = format
    .replaceAll(/[./]/g, String.raw`\$&`)
    .replaceAll(/YYYY|MM|DD/g, (part) =>
      isPacked && part !== 'YYYY' ? String.raw`(\d{2})` : DIGITS[part as DatePart],
    );
  const whole = quoteText(`^${pattern}${TIME_OF_DAY}$`);
  const part = (name: DatePart): string =>
    parts.includes(name)
      ? `lpad(regexp_extract(${text}, ${whole}, ${parts.indexOf(name) + 1}), 2, '0')`
      : "'2000'";
  const year = parts.includes('YYYY')
    ? `regexp_extract(${text}, ${whole}, ${parts.indexOf('YYYY') + 1})`
    : "'2000'";
  return `TRY_CAST(${year} || '-' || ${part('MM')} || '-' || ${part('DD')} AS DATE)`;
}

function isoDate(text: string): string {
  return `CASE WHEN regexp_full_match(${text}, '${ISO_DATE}') THEN TRY_CAST(left(${text}, 10) AS DATE) END`;
}

function birthday(text: string, format: DateFormat | undefined): string {
  const date =
    format === undefined ? `coalesce(${isoDate(text)}, ${monthAndDay(text)})` : formattedDate(text, format);
  return `strftime(${date}, '%m/%d')`;
}

/** In a leap year, so that 02/29 is a day. */
function monthAndDay(text: string): string {
  const part = (group: number): string =>
    String.raw`lpad(regexp_extract(${text}, '^(\d{1,2})/(\d{1,2})$', ${group}), 2, '0')`;
  return `TRY_CAST('2000-' || ${part(1)} || '-' || ${part(2)} AS DATE)`;
}

function usPhone(text: string): string {
  const digits = String.raw`regexp_replace(regexp_replace(${text}, '\D', '', 'g'), '^1(\d{10})$', '\1')`;
  return String.raw`CASE WHEN regexp_full_match(${text}, '[0-9().+ -]+') AND strlen(${digits}) = 10
    THEN regexp_replace(${digits}, '(\d{3})(\d{3})(\d{4})', '\1-\2-\3') END`;
}
