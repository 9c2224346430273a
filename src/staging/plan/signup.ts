import type { SignupMatch } from '../../contract/destination';
import { isBlank, stripped } from './address';
import { attributeColumn, extractAttributes, type Matching } from './attributes';

/** A member of a request that proves a signup. */
export interface Evidence {
  /** As Mailchimp names it. */
  readonly name: 'ip_signup' | 'timestamp_signup';
  readonly attribute: string;
  /** SQL: the value to send; null where it is empty or does not fit. */
  readonly text: string;
  /** SQL: whether it is not empty and does not fit. */
  readonly isUnfit: string;
}

export function evidenceOf(
  signup: SignupMatch | undefined,
  attributes: readonly string[],
): readonly Evidence[] {
  const { ip, at } = signup ?? {};
  return [
    ...(ip === undefined ? [] : [evidence('ip_signup', { attribute: ip, attributes, read: address })]),
    ...(at === undefined ? [] : [evidence('timestamp_signup', { attribute: at, attributes, read: instant })]),
  ];
}

/** SQL: both values of the evidence of a profile in a snapshot, as a struct; null where no attribute is matched. */
export function signupColumn(matching: Matching): string {
  const { signup } = matching;
  if (!signup) return 'NULL';
  const found = evidenceOf(signup, extractAttributes(matching));
  const valueOf = (name: Evidence['name']) => found.find((one) => one.name === name)?.text ?? 'NULL::VARCHAR';
  return `struct_pack(ip := ${valueOf('ip_signup')}, at := ${valueOf('timestamp_signup')})`;
}

function evidence(
  name: Evidence['name'],
  of: {
    readonly attribute: string;
    readonly attributes: readonly string[];
    readonly read: (text: string) => string;
  },
): Evidence {
  const column = attributeColumn(of.attributes, of.attribute);
  const value = of.read(stripped(column));
  return {
    name,
    attribute: of.attribute,
    text: `CASE WHEN NOT ${isBlank(column)} THEN ${value} END`,
    isUnfit: `(NOT ${isBlank(column)} AND ${value} IS NULL)`,
  };
}

const BYTE = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`;
const IPV4 = String.raw`${BYTE}(?:\.${BYTE}){3}`;
const PIECE = '[0-9a-fA-F]{1,4}';

/** Eight pieces, or up to seven with one `::` in the place of the others. */
const IPV6 = [
  String.raw`(?:${PIECE}:){7}${PIECE}`,
  ...Array.from({ length: 8 }, (_, before) =>
    [
      before === 0 ? '' : `${PIECE}(?::${PIECE}){${before - 1}}`,
      '::',
      before === 7 ? '' : `(?:${PIECE}(?::${PIECE}){0,${6 - before}})?`,
    ].join(''),
  ),
].join('|');

/** SQL: an IP address; null for another text. Mailchimp refuses the whole row otherwise. */
function address(text: string): string {
  return `CASE WHEN regexp_full_match(${text}, '${IPV4}|${IPV6}') THEN ${text} END`;
}

/** ISO 8601 with a time of day; without a zone, it is UTC. */
const TIME = String.raw`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?`;

/** SQL: a moment as Mailchimp takes it, in UTC and without fractions of a second; null for another text. */
function instant(text: string): string {
  const zoned = String.raw`replace(regexp_replace(${text}, '\s?(?:UTC|GMT)$', 'Z'), ',', '.')`;
  return `CASE WHEN regexp_full_match(${text}, '${TIME}')
    THEN strftime(TRY_CAST(${zoned} AS TIMESTAMPTZ) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') END`;
}
