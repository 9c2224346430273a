import { domainToUnicode } from 'node:url';
import type { Database } from '../../duckdb/database';
import { quoteName } from '../../duckdb/quote';
import { createIdn, stripped } from '../plan/address';

/** Who is looked for in rows. */
export interface Wanted {
  /** Normalised. */
  readonly addresses: readonly string[];
  /** Keys of the person's own profiles: rows of these go, whatever their address. */
  readonly keys: readonly string[];
  /** Other spellings of the addresses, in small letters. */
  readonly spellings: readonly string[];
}

/** What may be a part of a longer address, before and after one. */
const BEFORE = "(?:^|[^a-z0-9!#$%&'*+/=?^_`{|}~.-])";
const AFTER = '(?:$|[^a-z0-9.-]|\\.(?:$|[^a-z0-9-]))';

/** All spellings that texts are searched for. */
export function spellingsOf({ addresses, spellings }: Pick<Wanted, 'addresses' | 'spellings'>): string[] {
  const unicode = addresses.map((address) => {
    const at = address.lastIndexOf('@');
    return `${address.slice(0, at)}@${domainToUnicode(address.slice(at + 1))}`;
  });
  return [...new Set([...addresses, ...unicode, ...spellings])];
}

function patternOf(texts: readonly string[]): string {
  if (texts.length === 0) return '(?!)';
  return `${BEFORE}(?:${texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|')})${AFTER}`;
}

/** Whether a text names one of the addresses, and not a longer address that contains it. */
export function mentioner(wanted: Wanted): (text: string) => boolean {
  const texts = spellingsOf(wanted);
  const pattern = new RegExp(patternOf(texts), 'u');
  return (text) => {
    const small = text.toLowerCase();
    return texts.some((one) => small.includes(one)) && pattern.test(small);
  };
}

/**
 * Gives the database the variables that the SQL of this file reads. As variables, since the text of an error may quote a statement, and the
 * history of Temporal keeps such texts.
 */
export async function setWanted(database: Database, wanted: Wanted): Promise<void> {
  await setList(database, 'addresses', wanted.addresses);
  await setList(database, 'keys', wanted.keys);
  const texts = spellingsOf(wanted);
  await setList(database, 'texts', texts);
  await database.run('SET VARIABLE pattern = $1', [texts.length === 0 ? 'a^' : patternOf(texts)]);
}

async function setList(database: Database, name: string, values: readonly string[]): Promise<void> {
  await database.run('CREATE OR REPLACE TABLE listed_value (value VARCHAR)');
  await database.append(
    'listed_value',
    values.map((value) => [value]),
  );
  await database.run(
    `SET VARIABLE ${name} = (SELECT coalesce(list(value), []::VARCHAR[]) FROM listed_value); DROP TABLE listed_value`,
  );
}

/** SQL: whether a text names one of the addresses. Never null. The search for the texts is only there to be fast. */
export function mentions(text: string, { length }: readonly string[]): string {
  const contained = Array.from(
    { length },
    (_, index) => `contains(lower(${text}), getvariable('texts')[${index + 1}])`,
  );
  return `coalesce((${['false', ...contained].join(' OR ')}) AND regexp_matches(lower(${text}), getvariable('pattern')), false)`;
}

/** SQL: whether an address is one of those. Never null. */
export function isAddress(column: string): string {
  return `coalesce(list_contains(getvariable('addresses'), ${column}), false)`;
}

export function isKey(column: string): string {
  return `coalesce(list_contains(getvariable('keys'), ${column}), false)`;
}

/**
 * SQL: whether an address as the source has it is one of those, when it is normalised. Sets a variable with the spellings that have a domain which is
 * not ASCII.
 */
export async function isRawAddress(
  database: Database,
  { from, column, wanted }: { readonly from: string; readonly column: string; readonly wanted: Wanted },
): Promise<string> {
  const text = stripped(quoteName(column));
  const ascii = `coalesce(strlen(${text}) = length(${text}) AND list_contains(getvariable('addresses'), lower(${text})), false)`;
  await createIdn(database, { from, text: quoteName(column) });
  const others = await database.rows<{ domain: string; ascii: string }>(
    'SELECT domain, ascii FROM idn WHERE ascii IS NOT NULL',
  );
  const spelled = wanted.addresses.flatMap((address) => {
    const at = address.lastIndexOf('@');
    const domain = address.slice(at + 1);
    return others.filter((one) => one.ascii === domain).map((one) => `${address.slice(0, at)}@${one.domain}`);
  });
  if (spelled.length === 0) return ascii;
  await setList(database, 'spelled', spelled);
  const local = `lower(regexp_extract(${text}, '^([^@]*)@', 1)) || '@' || regexp_extract(${text}, '@(.*)$', 1)`;
  return `(${ascii} OR coalesce(list_contains(getvariable('spelled'), ${local}), false))`;
}
