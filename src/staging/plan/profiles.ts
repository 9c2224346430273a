import { attributeLabel, type DateFormat, type FieldMatch, shortLabel } from '../../contract/merge-field';
import type { SignupMatch } from '../../contract/destination';
import type { PlanRequest } from '../../ports/staging';
import type { Database } from '../../duckdb/database';
import { quoteName, quoteText } from '../../duckdb/quote';
import { brokenRule, createIdn, isBlank, stripped, withAddress } from './address';
import { attributeColumn, extractAttributes, inGroups, matchedColumn } from './attributes';
import { hashColumn, type PlannedTag } from '../store/documents';
import { createMaskNames, maskOf } from './tag-masks';
import { instantIn } from './dates';
import { flag } from './flag';
import { evidenceOf } from './signup';
import { DOES_NOT_FIT, hasDecimalComma, wireLength, type WireMatch, wireValue } from './wire-values';

export interface ProfilesInput {
  readonly snapshot: string;
  readonly email: string;
  readonly fields: readonly WireMatch[];
  readonly strict: boolean;
  readonly latest: string | null;
  readonly latestFormat: DateFormat | undefined;
  readonly addOnlyIf?: string | undefined;
  readonly signup?: SignupMatch | undefined;
  readonly tags: readonly PlannedTag[];
}

/** SQL: the profiles in the snapshot's file, each with its number `n`. */
export function snapshotProfiles(snapshot: string): string {
  return `(SELECT * RENAME (file_row_number AS n)
    FROM read_parquet(${quoteText(snapshot)}, file_row_number = true))`;
}

/**
 * Creates the table `profile`: a row for each profile of the snapshot with its normalised address or the rule that it breaks, a hash of
 * every wire value, whether the value had to be cut, the mask of its segments' tags, and where `latest` cannot be read. Needs the table `tag`.
 */
export async function createProfiles(database: Database, input: ProfilesInput): Promise<void> {
  const { snapshot, fields, strict, latest, latestFormat, tags } = input;
  const profiles = snapshotProfiles(snapshot);
  await createIdn(database, { from: profiles, text: 'a0' });
  const attributes = extractAttributes(input);
  const [first = [], ...further] = inGroups(fields);
  for (const [index, group] of further.entries())
    await database.run(
      `CREATE TABLE field_group_${index} AS SELECT n::INTEGER AS n, ${fieldColumns(group, attributes)}, ${sizeOf(group, attributes)} AS size FROM ${profiles}`,
    );
  const groups = further.map((_, index) => `field_group_${index}`);
  await createSegmentMasks(database, profiles, tags);
  await database.run(`
    CREATE TABLE profile AS
    SELECT p.* EXCLUDE (segments) REPLACE (coalesce(rule, ${fieldRule(fields, strict)}) AS rule,
      CASE WHEN rule IS NULL THEN address END AS address, ${['p', ...groups].map((group) => `${group}.size`).join(' + ')} AS size),
      ${[...groups.map((group) => `${group}.* EXCLUDE (n, size)`), 'mask'].join(', ')}
    FROM (
      SELECT n::INTEGER AS n, key, segments, ${brokenRule('stripped', 'address')} AS rule, address,
        ${latest === null ? 'NULL::DOUBLE' : instantIn(stripped(attributeColumn(attributes, latest)), latestFormat)} AS latest,
        ${latest === null ? 'true' : isBlank(attributeColumn(attributes, latest))} AS has_no_latest,
        ${newContactColumns(input, attributes)},
        ${[fieldColumns(first, attributes), `${sizeOf(first, attributes)} + ${moreBytes(input)} AS size`].filter((columns) => columns !== '').join(', ')}
      FROM ${withAddress(profiles, 'a0')}) p
    ${groups.map((group) => `JOIN ${group} ON ${group}.n = p.n`).join(' ')}
    LEFT JOIN segment_mask USING (segments)`);
  for (const group of groups) await database.run(`DROP TABLE ${group}`);
}

/** SQL: whether a new contact may be added; whether that is not clear, and whether a value of the evidence does not fit. */
function newContactColumns(
  { addOnlyIf, signup }: Pick<ProfilesInput, 'addOnlyIf' | 'signup'>,
  attributes: readonly string[],
): string {
  const evidence = evidenceOf(signup, attributes).map(
    ({ name, isUnfit }) => `${isUnfit} AS ${unfitColumn(name)}`,
  );
  if (addOnlyIf === undefined) return ['true AS may_add', 'false AS is_unclear', ...evidence].join(', ');
  const text = attributeColumn(attributes, addOnlyIf);
  const says = flag(text);
  return [
    `coalesce(${says}, false) AS may_add`,
    `(NOT ${isBlank(text)} AND ${says} IS NULL) AS is_unclear`,
    ...evidence,
  ].join(', ');
}

/** Whether a value of the evidence of a signup does not fit, in `profile`. */
export function unfitColumn(name: string): string {
  return `unfit_${name}`;
}

/** SQL: hash of the wire value of each field, and whether it had to be cut. */
function fieldColumns(fields: readonly WireMatch[], attributes: readonly string[]): string {
  return fields
    .flatMap((match) => {
      const { hash, isCut } = wireValue(matchedColumn(attributes, match), match);
      return [`${hash} AS ${quoteName(hashColumn(match))}`, `${isCut} AS ${quoteName(cutColumn(match))}`];
    })
    .join(', ');
}

/** SQL: bytes of the fields in a request. */
function sizeOf(fields: readonly WireMatch[], attributes: readonly string[]): string {
  const sizes = fields.map(
    (match) =>
      // Not the value's own length: what is cut would count as well, and one long text would make all chunks small.
      `coalesce(${wireLength(matchedColumn(attributes, match), match.field)} + ${match.field.tag.length + 6}, 0)`,
  );
  return `(${['0', ...sizes].join(' + ')})::INTEGER`;
}

/** `"interests":{},`, and two values of the evidence with their names. */
const BYTES_OF_GROUPS = 15;
const BYTES_OF_EVIDENCE = 110;

function moreBytes({ fields, signup }: Pick<ProfilesInput, 'fields' | 'signup'>): number {
  const hasGroups = fields.some(({ field }) => field.type === 'group');
  return (hasGroups ? BYTES_OF_GROUPS : 0) + (signup ? BYTES_OF_EVIDENCE : 0);
}

/** The fields with how many of their numbers have a decimal comma, where no setting says which mark is meant. */
export async function countDecimalCommas(
  database: Database,
  { snapshot, email, fields, latest }: Pick<ProfilesInput, 'snapshot' | 'email' | 'fields' | 'latest'>,
): Promise<readonly WireMatch[]> {
  const attributes = extractAttributes({ email, fields, latest });
  const counts = fields.map(({ attribute, field, decimal }) =>
    field.type === 'number' && decimal === undefined
      ? `count(*) FILTER (${hasDecimalComma(stripped(attributeColumn(attributes, attribute)))})`
      : undefined,
  );
  const asked = counts.flatMap((count, index) => (count === undefined ? [] : `${count} AS commas${index}`));
  if (asked.length === 0) return fields;
  const row = await database.row<Record<string, number>>(
    `SELECT ${asked.join(', ')} FROM read_parquet(${quoteText(snapshot)})`,
  );
  return fields.map((match, index) => {
    const decimalCommas = row[`commas${index}`] ?? 0;
    return decimalCommas > 0 ? { ...match, decimalCommas } : match;
  });
}

/** Creates the table `segment_mask`: the tags of each combination of segments that occurs. */
async function createSegmentMasks(
  database: Database,
  profiles: string,
  tags: readonly PlannedTag[],
): Promise<void> {
  await database.run(`
    CREATE TABLE segment_mask AS
    SELECT p.segments, ${maskOf('t.bit', tags)} AS mask
    FROM (SELECT DISTINCT segments FROM ${profiles}) p
    JOIN tag t ON t.segment >= 0 AND substr(p.segments, t.segment + 1, 1) = '1'
    GROUP BY p.segments`);
}

/** Whether the value was cut, in `profile`. */
export function cutColumn({ field }: FieldMatch): string {
  return `c_${field.tag}`;
}

function hashesOf(matches: readonly FieldMatch[]): string[] {
  return matches.map((match) => quoteName(hashColumn(match)));
}

/**
 * Mailchimp refuses a member without a required field, so the profile is invalid here, with a reason. `strict`: so is a profile with a
 * value that does not fit its field.
 */
function fieldRule(fields: readonly FieldMatch[], strict: boolean): string {
  const required = fields.filter(({ field }) => field.required);
  const empty = hashesOf(required).map((hash) => `${hash} IS NULL`);
  const odd = hashesOf(strict ? fields : required).map((hash) => `${hash} = ${DOES_NOT_FIT}`);
  return `CASE WHEN ${['false', ...empty].join(' OR ')} THEN 'required_field_empty'
    WHEN ${['false', ...odd].join(' OR ')} THEN 'value_does_not_fit' END`;
}

/** SQL: the attributes of the first match that breaks a rule. */
function firstThat(matches: readonly FieldMatch[], breaks: (hash: string) => string): string {
  const cases = matches.map(
    (match) => `WHEN ${breaks(quoteName(hashColumn(match)))} THEN ${quoteText(attributeLabel(match))}`,
  );
  return cases.length === 0 ? 'NULL' : `CASE ${cases.join(' ')} END`;
}

/** SQL: the attributes that break the rule of a profile in the table `profile`; of several that break the same, the first. */
export function brokenAttribute({
  email,
  otherEmails = [],
  fields,
}: Pick<PlanRequest, 'email' | 'otherEmails' | 'fields'>): string {
  const required = fields.filter(({ field }) => field.required);
  return `CASE rule WHEN 'required_field_empty' THEN ${firstThat(required, (hash) => `${hash} IS NULL`)}
    WHEN 'value_does_not_fit' THEN ${firstThat(fields, (hash) => `${hash} = ${DOES_NOT_FIT}`)}
    ELSE ${quoteText(shortLabel([email, ...otherEmails].join(', ')))} END`;
}

/**
 * Creates the tables `duplicate`: the valid profiles that share an address with the winner, which has the greatest `latest`, or else the lowest key (as a number, where
 * all keys are numbers);
 * `gathered`: for each winner, the mask of all profiles with its address; `kept`: by address, the mask of profiles that are invalid by
 * a field only, which are still selected and so keep the tags of their segments; and the names of all sets of tags that a profile gets.
 */
export async function createDuplicates(database: Database): Promise<void> {
  const order = await keyOrder(database);
  await database.run(`
    CREATE TABLE duplicate AS
    WITH shared AS (
      SELECT n, key, first_value({'n': n, 'key': key}) OVER (PARTITION BY address ORDER BY latest DESC NULLS LAST, ${order}) AS winner
      FROM profile SEMI JOIN (
        SELECT address FROM profile WHERE rule IS NULL GROUP BY address HAVING count(*) > 1
      ) USING (address)
      WHERE rule IS NULL)
    SELECT n, key, winner.n AS winner, winner.key AS winner_key FROM shared WHERE n <> winner.n`);
  await database.run(`
    CREATE TABLE gathered AS
    SELECT n, bit_or(mask) AS mask FROM (
      SELECT d.winner AS n, p.mask FROM duplicate d JOIN profile p USING (n)
      UNION ALL
      SELECT n, mask FROM profile SEMI JOIN (SELECT winner AS n FROM duplicate) USING (n))
    GROUP BY n;
    CREATE TABLE kept AS
    SELECT address, bit_or(mask) AS mask FROM profile WHERE rule IS NOT NULL AND address IS NOT NULL GROUP BY address`);
  await createMaskNames(database, 'SELECT mask FROM segment_mask UNION SELECT mask FROM gathered');
}

/** As many digits as fit into a number of DuckDB. */
export const NUMERIC_KEY = String.raw`\d{1,38}`;

/** SQL: what orders keys. */
async function keyOrder(database: Database): Promise<string> {
  // Not by an aggregate, which would look at all keys though the first one is no number.
  const others = await database.rows(
    `SELECT 1 AS other FROM profile WHERE NOT regexp_full_match(key, '${NUMERIC_KEY}') LIMIT 1`,
  );
  return others.length === 0 ? 'key::HUGEINT, key' : 'key';
}
