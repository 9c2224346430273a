import type { DateFormat, FieldMatch, MatchedField } from '../../contract/merge-field';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { isBlank, stripped } from './address';
import { dateIn, isoDate, realBirthday, realDate } from './dates';
import { flag } from './flag';
import { LANGUAGES } from './languages';

/** Mailchimp cuts texts there, in bytes; so we do it first, on a character, and know what it stores. */
const MAX_TEXT = 255;

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;

/** A matched attribute as the profiles of one export have it. */
export interface WireMatch extends FieldMatch {
  /** How many of its numbers have a decimal comma, where no setting says which mark is meant and there are some. */
  readonly decimalCommas?: number;
}

type WireText = (column: string, match: WireMatch) => string;

const webAddress: WireText = (column) =>
  String.raw`CASE WHEN regexp_full_match(${stripped(column)}, '(?i)https?://[^\s/?#]+\S*') THEN ${stripped(column)} END`;

/** In any case, as the field writes it. */
const choice: WireText = (column, { field: { choices } }) => {
  const text = stripped(column);
  const folded = choices.map((one) => one.toLowerCase());
  return `CASE WHEN list_contains(${quoteTexts(choices)}::VARCHAR[], ${text}) THEN ${text}
    ELSE (${quoteTexts(choices)}::VARCHAR[])[list_position(${quoteTexts(folded)}::VARCHAR[], lower(${text}))] END`;
};

/** A code that Mailchimp has, in any case; or the language of one that it has not: de for de-AT. */
const language: WireText = (column) => {
  const code = `lower(replace(${stripped(column)}, '-', '_'))`;
  const codes = quoteTexts(LANGUAGES);
  const folded = quoteTexts(LANGUAGES.map((one) => one.toLowerCase()));
  const found = (text: string): string =>
    `(${codes}::VARCHAR[])[list_position(${folded}::VARCHAR[], ${text})]`;
  return String.raw`coalesce(${found(code)}, ${found(`regexp_extract(${code}, '^([a-z]{2})_[a-z0-9_]+$', 1)`)})`;
};

/** JSON of an address with all parts that Mailchimp needs; null for another one. @param column SQL of a struct with the parts */
const address: WireText = (column) => {
  const part = (name: string): string => stripped(`${column}.${name}`);
  const hasAll = NEEDED.map((name) => `NOT ${isBlank(`${column}.${name}`)}`).join(' AND ');
  const needed = NEEDED.map((name) => `'"${name}":' || to_json(${part(name)})`);
  const others = ['addr2', 'country'].map(
    (name) => `CASE WHEN NOT ${isBlank(`${column}.${name}`)} THEN '"${name}":' || to_json(${part(name)}) END`,
  );
  return `CASE WHEN ${hasAll} THEN '{' || concat_ws(',', ${[...needed, ...others].join(', ')}) || '}' END`;
};

const NEEDED = ['addr1', 'city', 'state', 'zip'];
/** A state or a country alone, which may be the same for all profiles, is no address. */
const TELLING = ['addr1', 'addr2', 'city', 'zip'];

/** A spreadsheet writes long numbers so, without their last digits. */
const SCIENTIFIC = String.raw`\d+(?:[.,]\d+)?[eE]\+?\d+`;

/** SQL for a column with an attribute's text: the value that a merge field gets, as text; null where it does not fit. */
const WIRE_TEXT: Record<MatchedField['type'], WireText> = {
  text: (column) => `CASE WHEN strlen(${column}) <= ${MAX_TEXT} THEN ${column} ELSE ${cut(column)} END`,
  number: (column, match) => numberIn(stripped(column), match),
  date: (column, { format }) => day(stripped(column), format),
  birthday: (column, { format }) => birthday(stripped(column), format),
  zip: (column) =>
    String.raw`CASE WHEN regexp_full_match(${stripped(column)}, '\d{5}(?:-\d{4})?') THEN left(${stripped(column)}, 5) END`,
  phone: (column, { field: { phoneFormat } }) =>
    phoneFormat?.toUpperCase() === 'US' ? usPhone(stripped(column)) : anyPhone(stripped(column)),
  url: webAddress,
  imageurl: webAddress,
  radio: choice,
  dropdown: choice,
  address,
  group: (column) => `${flag(column)}::VARCHAR`,
  language,
};

/** SQL: whether there is nothing to send. */
function isEmpty(column: string, { type }: MatchedField): string {
  if (type !== 'address') return isBlank(column);
  return `(${TELLING.map((part) => isBlank(`${column}.${part}`)).join(' AND ')})`;
}

export interface WireValue {
  /** SQL: null where the attribute is empty or does not fit. */
  readonly text: string;
  /** SQL: `NULL` for an empty value, 0 for one that does not fit, else the same for the same value in every version of DuckDB. */
  readonly hash: string;
  /** SQL: whether the value was longer than Mailchimp keeps. */
  readonly isCut: string;
}

export const DOES_NOT_FIT = 0;

export function wireValue(column: string, match: WireMatch): WireValue {
  const { field } = match;
  const text = WIRE_TEXT[field.type](column, match);
  // A number and a text with the same digits are different values on the wire.
  const kind = KINDS[field.type] ?? 'text:';
  const isFilled = `NOT ${isEmpty(column, field)}`;
  return {
    text: `CASE WHEN ${isFilled} THEN ${text} END`,
    hash: `CASE WHEN ${isFilled} THEN coalesce(${stableHash(`'${kind}' || (${text})`)}, ${DOES_NOT_FIT}) END`,
    isCut: field.type === 'text' ? `coalesce(strlen(${column}) > ${MAX_TEXT}, false)` : 'false',
  };
}

const KINDS: Partial<Record<MatchedField['type'], string>> = {
  number: 'number:',
  address: 'address:',
  group: 'flag:',
};

/**
 * SQL: the hash of a value that Mailchimp returned, equal to that of the value on the wire where both are the same text; null for an address,
 * whose text has no fixed form.
 */
export function foundHash(text: string, { type }: Pick<MatchedField, 'type'>): string {
  return type === 'address' ? 'NULL::UBIGINT' : stableHash(`'${KINDS[type] ?? 'text:'}' || ${text}`);
}

/** SQL: a hash of 64 bits, the same in every version of DuckDB. `md5_number_lower` takes three times as long. */
export function stableHash(text: string): string {
  return `(md5_number(${text}) >> 64)::UBIGINT`;
}

/** SQL: a wire text as JSON. */
export function wireJson(text: string, { type }: MatchedField): string {
  return KINDS[type] === undefined ? `to_json(${text})` : text;
}

/** SQL: about how many bytes a value has on the wire. A text is cut. */
export function wireLength(column: string, { type }: MatchedField): string {
  if (type === 'address') return `(strlen(${column}::VARCHAR) + ${BYTES_OF_PARTS})`;
  return type === 'text' ? `least(strlen(${column}), ${MAX_TEXT})` : `strlen(${column})`;
}

/** Names and quotes of the parts of an address, and what JSON escapes. */
const BYTES_OF_PARTS = 60;

/** The last character may have up to four bytes, so one of four cuts is whole. */
function cut(text: string): string {
  const cuts = [0, 1, 2, 3].map((less) => `TRY(decode(encode(${text})[1:${MAX_TEXT - less}]))`);
  return `coalesce(${cuts.join(', ')})`;
}

/** Between thousands, besides the other mark. */
const APART = String.raw`' ’\x{A0}\x{2009}\x{202F}`;

function numberIn(text: string, { decimal, decimalCommas = 0 }: WireMatch): string {
  if (decimal !== undefined) return jsonNumber(withPoint(text, decimal));
  // It may be a thousand times as much.
  const unclear = String.raw`[+-]?\d{1,3}\.\d{3}`;
  return decimalCommas > 0
    ? `CASE WHEN NOT regexp_full_match(${text}, '${unclear}') THEN ${jsonNumber(text)} END`
    : jsonNumber(text);
}

/** SQL: a number with the decimal mark as JSON writes it, without marks between thousands; null for another text. */
function withPoint(text: string, decimal: '.' | ','): string {
  const other = decimal === ',' ? '.' : ',';
  const apart = `[${other}${APART}]`;
  const pattern = String.raw`[+-]?(?:(?:\d{1,3}(?:${apart}\d{3})+|\d+)[${decimal}]?\d*|[${decimal}]\d+)`;
  const plain = `regexp_replace(${text}, ${quoteText(apart)}, '', 'g')`;
  return `CASE WHEN regexp_full_match(${text}, ${quoteText(pattern)}) THEN replace(${plain}, '${decimal}', '.') END`;
}

/** SQL: whether a number certainly has a decimal comma: `1,234` may have none. */
export function hasDecimalComma(text: string): string {
  return String.raw`(contains(${text}, ',') AND regexp_full_match(${text}, '[+-]?(?:\d*,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+)'))`;
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

function day(text: string, format: DateFormat | undefined): string {
  return `strftime(${realDate(dateIn(text, format))}, '%Y-%m-%d')`;
}

function birthday(text: string, format: DateFormat | undefined): string {
  const date =
    format === undefined ? `coalesce(${isoDate(text)}, ${monthAndDay(text)})` : dateIn(text, format);
  return `strftime(${realBirthday(date)}, '%m/%d')`;
}

/** In a leap year, so that 02/29 is a day. */
function monthAndDay(text: string): string {
  const part = (group: number): string =>
    String.raw`lpad(regexp_extract(${text}, '^(\d{1,2})/(\d{1,2})$', ${group}), 2, '0')`;
  return `TRY_CAST('2000-' || ${part(1)} || '-' || ${part(2)} AS DATE)`;
}

function anyPhone(text: string): string {
  return `CASE WHEN NOT regexp_full_match(${text}, '${SCIENTIFIC}') THEN ${text} END`;
}

function usPhone(text: string): string {
  const digits = String.raw`regexp_replace(regexp_replace(${text}, '\D', '', 'g'), '^1(\d{10})$', '\1')`;
  return String.raw`CASE WHEN regexp_full_match(${text}, '[0-9().+ -]+') AND strlen(${digits}) = 10
    THEN regexp_replace(${digits}, '(\d{3})(\d{3})(\d{4})', '\1-\2-\3') END`;
}
