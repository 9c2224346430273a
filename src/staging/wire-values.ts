import type { MergeField } from '../contract/merge-field';
import { quoteText, quoteTexts } from '../duckdb/quote';
import { isBlank, stripped } from './address';

/** Mailchimp cuts texts there, in bytes; so we do it first, on a character, and know what it holds. */
const LONGEST_TEXT = 255;

const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?`;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;

type WireText = (column: string, field: MergeField) => string;

const webAddress: WireText = (column) =>
  String.raw`CASE WHEN regexp_full_match(${stripped(column)}, '(?i)https?://[^\s/?#]+\S*') THEN ${stripped(column)} END`;

const choice: WireText = (column, { choices }) =>
  `CASE WHEN list_contains(${quoteTexts(choices)}::VARCHAR[], ${stripped(column)}) THEN ${stripped(column)} END`;

/** SQL for a column with an attribute's text: the value that a merge field gets, as text; null where it does not fit. */
const WIRE_TEXT: Record<MergeField['type'], WireText> = {
  text: (column) => `CASE WHEN strlen(${column}) <= ${LONGEST_TEXT} THEN ${column} ELSE ${cut(column)} END`,
  number: (column) => jsonNumber(stripped(column)),
  date: (column) => isoDay(stripped(column)),
  birthday: (column) => birthday(stripped(column)),
  zip: (column) =>
    String.raw`CASE WHEN regexp_full_match(${stripped(column)}, '\d{5}') THEN ${stripped(column)} END`,
  phone: (column, { phoneFormat }) =>
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

export function wireValue(column: string, field: MergeField): WireValue {
  const text = WIRE_TEXT[field.type](column, field);
  // A number and a text with the same digits are different values on the wire.
  const kind = field.type === 'number' ? 'number:' : 'text:';
  return {
    text: `CASE WHEN NOT ${isBlank(column)} THEN ${text} END`,
    hash: `CASE WHEN NOT ${isBlank(column)} THEN coalesce(md5_number_lower('${kind}' || (${text})), ${DOES_NOT_FIT}) END`,
    isCut: field.type === 'text' ? `coalesce(strlen(${column}) > ${LONGEST_TEXT}, false)` : 'false',
  };
}

/** SQL: a wire text as JSON. */
export function wireJson(text: string, field: MergeField): string {
  return field.type === 'number' ? text : `to_json(${text})`;
}

/** The last character may have up to four bytes, so one of four cuts is whole. */
function cut(text: string): string {
  const cuts = [0, 1, 2, 3].map((less) => `TRY(decode(encode(${text})[1:${LONGEST_TEXT - less}]))`);
  return `coalesce(${cuts.join(', ')})`;
}

/** JSON knows no "+1", "007", ".5" and "5.". Digits are kept as they are: a double would lose some. */
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
function isoDay(text: string): string {
  return `CASE WHEN ${isoDate(text)} > DATE '0001-01-01' THEN left(${text}, 10) END`;
}

function isoDate(text: string): string {
  return `CASE WHEN regexp_full_match(${text}, '${ISO_DATE}') THEN TRY_CAST(left(${text}, 10) AS DATE) END`;
}

function birthday(text: string): string {
  return `strftime(coalesce(${isoDate(text)}, ${monthAndDay(text)}), '%m/%d')`;
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
