import { domainToASCII } from 'node:url';
import type { Database } from '../../duckdb/database';

/** Unicode white space, and the two invisible characters that spreadsheets leave. DuckDB's `trim` does not remove tabs and line ends. */
const BLANK = String.raw`[\s\x{0B}\x{85}\p{Z}\x{200B}\x{FEFF}]`;

const ATOM = "[a-z0-9!#$%&''*+/=?^_`{|}~-]+";
/** No apostrophe: a spreadsheet writes one before what is to be a text. */
const FIRST = '[a-z0-9!#$%&*+/=?^_`{|}~-]';
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const TOP_LABEL = '[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?';

/** What Mailchimp may accept, of a normalised address; stricter than HTML's rule, wider than most libraries'. */
const ADDRESS = String.raw`${FIRST}(?:${ATOM})?(?:\.${ATOM})*@(?:${LABEL}\.)+${TOP_LABEL}`;
const MAX_LOCAL_PART = 64;
const MAX_ADDRESS = 254;

const TWO_ADDRESSES = String.raw`@[^@]*[\s,;|/\x{A0}][^@]*@`;
const NON_ASCII_LOCAL_PART = String.raw`[^@\s]*[^@\x00-\x7F][^@\s]*@[^@\s]+\.[^@\s]+`;
const NON_ASCII_DOMAIN = String.raw`[\x21-\x3F\x41-\x7E]+@[^@]*[^\x00-\x7F][^@]*`;

/** SQL: the text without blanks at both ends; null stays null. The first case is only there to be fast. */
export function stripped(text: string): string {
  return `CASE WHEN regexp_full_match(${text}, '(?s)[!-~](?:.*[!-~])?') THEN ${text}
    ELSE regexp_replace(${text}, '^${BLANK}+|${BLANK}+$', '', 'g') END`;
}

/** SQL: whether there is no text but blanks. The first case, a printable ASCII character in front, is only there to be fast. */
export function isBlank(text: string): string {
  return `CASE WHEN ${text} >= '!' AND ${text} < chr(127) THEN false
    ELSE coalesce(regexp_full_match(${text}, '${BLANK}*'), true) END`;
}

/** SQL: domain of a stripped address, where the domain is not ASCII and the rest is. Null for all others. */
function nonAsciiDomain(text: string): string {
  return `CASE WHEN strlen(${text}) <> length(${text}) AND regexp_full_match(${text}, '${NON_ASCII_DOMAIN}')
    THEN regexp_extract(${text}, '@(.*)$', 1) END`;
}

/**
 * SQL: table expression with the columns of `from`, and `address`: the normalised `text`. Needs the table `idn`.
 *
 * Only ASCII is lower-cased: DuckDB's `lower` turns the Kelvin sign into "k" and the Turkish "İ" into "i", which would be
 * the address of another contact.
 */
export function withAddress(from: string, text: string): string {
  return `(SELECT s.* EXCLUDE (non_ascii_domain), CASE
      WHEN strlen(s.stripped) = length(s.stripped) THEN lower(s.stripped)
      WHEN i.ascii IS NOT NULL THEN lower(regexp_extract(s.stripped, '^([^@]*)@', 1)) || '@' || i.ascii
      ELSE s.stripped END AS address
    FROM (SELECT *, ${nonAsciiDomain('stripped')} AS non_ascii_domain
          FROM (SELECT *, ${stripped(text)} AS stripped FROM ${from})) s
    LEFT JOIN idn i ON i.domain = s.non_ascii_domain)`;
}

/** SQL: the rule that an address breaks; null for a good one. `text` is stripped, `address` normalised. */
export function brokenRule(text: string, address: string): string {
  return `CASE
    WHEN coalesce(${text}, '') = '' THEN 'email_missing'
    WHEN regexp_full_match(${address}, '${ADDRESS}') THEN
      CASE WHEN strpos(${address}, '@') > ${MAX_LOCAL_PART + 1} OR strlen(${address}) > ${MAX_ADDRESS}
        THEN 'email_too_long' END
    WHEN regexp_matches(${text}, '${TWO_ADDRESSES}') THEN 'email_two_addresses'
    WHEN regexp_full_match(${text}, '${NON_ASCII_LOCAL_PART}') THEN 'email_non_ascii_local_part'
    ELSE 'email_malformed' END`;
}

const DOMAINS_AT_ONCE = 5_000;

/**
 * Creates the table `idn` with the ASCII form of every non-ASCII domain in a column: DuckDB has no punycode. `CASE`, not `WHERE`: DuckDB
 * would look for a domain in every text before it compares the lengths.
 */
export async function createIdn(
  database: Database,
  { from, text }: { from: string; text: string },
): Promise<void> {
  await database.run(`
    CREATE OR REPLACE TABLE idn (domain VARCHAR, ascii VARCHAR);
    CREATE OR REPLACE TABLE non_ascii_domain AS
      SELECT DISTINCT domain FROM (
        SELECT CASE WHEN strlen(${text}) <> length(${text}) THEN ${nonAsciiDomain(stripped(text))} END AS domain FROM ${from})
      WHERE domain IS NOT NULL`);
  let last = '';
  for (;;) {
    const page = await database.rows<{ domain: string }>(
      `SELECT domain FROM non_ascii_domain WHERE domain > $1 ORDER BY domain LIMIT ${DOMAINS_AT_ONCE}`,
      [last],
    );
    await database.append(
      'idn',
      page.map(({ domain }) => [domain, toAsciiDomain(domain)]),
    );
    if (page.length < DOMAINS_AT_ONCE) break;
    last = page.at(-1)?.domain ?? '';
  }
  await database.run('DROP TABLE non_ascii_domain');
}

/** One address as a baseline has it. */
export async function normalised(database: Database, email: string): Promise<string> {
  await database.run('CREATE OR REPLACE TABLE asked_address (text VARCHAR)');
  // Not in the statement: the text of an error may quote it.
  await database.append('asked_address', [[email]]);
  await createIdn(database, { from: 'asked_address', text: 'text' });
  const { address } = await database.row<{ address: string }>(
    `SELECT address FROM ${withAddress('asked_address', 'text')}`,
  );
  return address;
}

/** Null where there is none. `domainToASCII` cuts off what looks like a port or a path: such a domain must not reach it. */
export function toAsciiDomain(domain: string): string | null {
  if (!/^[\p{L}\p{M}\p{N}.\u3002-]+$/u.test(domain)) return null;
  return domainToASCII(domain) || null;
}
