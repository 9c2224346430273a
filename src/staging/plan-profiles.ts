import { join } from 'node:path';
import type { FieldMatch } from '../contract/merge-field';
import type { Database } from '../duckdb/database';
import { quoteName, quoteText } from '../duckdb/quote';
import { brokenRule, createIdn, stripped, withAddress } from './address';
import { attributeColumn, extractAttributes } from './attributes';
import { hashColumn } from './documents';
import { DOES_NOT_FIT, wireValue } from './wire-values';

export interface ProfilesInput {
  readonly snapshot: string;
  readonly email: string;
  readonly fields: readonly FieldMatch[];
  readonly strict: boolean;
  readonly latest: string | null;
}

/** SQL: the snapshot's profiles, each with its number `n`. */
export function snapshotProfiles(snapshot: string): string {
  return `(SELECT * RENAME (file_row_number AS n)
    FROM read_parquet(${quoteText(join(snapshot, 'profiles.parquet'))}, file_row_number = true))`;
}

/**
 * Makes `profile`: a row for each profile of the snapshot with its normalised address or the rule that it breaks, a hash of
 * every wire value, and whether the value had to be cut.
 */
export async function createProfiles(database: Database, input: ProfilesInput): Promise<void> {
  const { snapshot, email, fields, strict, latest } = input;
  const profiles = snapshotProfiles(snapshot);
  await createIdn(database, { from: profiles, text: 'a0' });
  const attributes = extractAttributes({ email, fields, latest });
  const columns = fields.flatMap((match) => {
    const { hash, isCut } = wireValue(attributeColumn(attributes, match.attribute), match);
    return [`${hash} AS ${quoteName(hashColumn(match))}`, `${isCut} AS ${quoteName(cutColumn(match))}`];
  });
  const sizes = fields.map(
    ({ attribute, field }) =>
      `coalesce(strlen(${attributeColumn(attributes, attribute)}) + ${field.tag.length + 6}, 0)`,
  );
  await database.run(`
    CREATE TABLE profile AS
    SELECT * REPLACE (coalesce(rule, ${fieldRule(fields, strict)}) AS rule,
      CASE WHEN rule IS NULL THEN address END AS address)
    FROM (
      SELECT n::INTEGER AS n, key, ${brokenRule('stripped', 'address')} AS rule, address,
        ${latest === null ? 'NULL::DOUBLE' : instantOrNumber(attributeColumn(attributes, latest))} AS latest,
        ${[...columns, `(${['0', ...sizes].join(' + ')})::INTEGER AS size`].join(', ')}
      FROM ${withAddress(profiles, 'a0')})`);
}

/** Whether the value was cut, in `profile`. */
export function cutColumn({ field }: FieldMatch): string {
  return `c_${field.tag}`;
}

function hashesOf(matches: readonly FieldMatch[]): string[] {
  return matches.map((match) => quoteName(hashColumn(match)));
}

/**
 * Mailchimp refuses a member without a required field, so the profile is refused here, where it can be told why. `strict`: so is one
 * with a value that does not fit any field.
 */
function fieldRule(fields: readonly FieldMatch[], strict: boolean): string {
  const required = fields.filter(({ field }) => field.required);
  const empty = hashesOf(required).map((hash) => `${hash} IS NULL`);
  const odd = hashesOf(strict ? fields : required).map((hash) => `${hash} = ${DOES_NOT_FIT}`);
  return `CASE WHEN ${['false', ...empty].join(' OR ')} THEN 'required_field_empty'
    WHEN ${['false', ...odd].join(' OR ')} THEN 'value_does_not_fit' END`;
}

/** SQL: a text as a number, or a date or time (of a zone, or none) as microseconds; null for anything else. */
function instantOrNumber(column: string): string {
  const text = stripped(column);
  return `coalesce(TRY_CAST(${text} AS DOUBLE), epoch_us(TRY_CAST(${text} AS TIMESTAMPTZ))::DOUBLE)`;
}

/**
 * Makes `duplicate`: the valid profiles whose address belongs to another profile: the one with the greatest `latest`, where there is
 * one, else with the lowest key.
 */
export async function createDuplicates(database: Database): Promise<void> {
  await database.run(`
    CREATE TABLE duplicate AS
    WITH shared AS (
      SELECT n, key, first_value({'n': n, 'key': key}) OVER (PARTITION BY address ORDER BY latest DESC NULLS LAST, key) AS winner
      FROM profile SEMI JOIN (
        SELECT address FROM profile WHERE rule IS NULL GROUP BY address HAVING count(*) > 1
      ) USING (address)
      WHERE rule IS NULL)
    SELECT n, key, winner.n AS winner, winner.key AS winner_key FROM shared WHERE n <> winner.n`);
}
