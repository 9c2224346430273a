import { join } from 'node:path';
import { openDatabase } from '../src/duckdb/open';
import { quoteText } from '../src/duckdb/quote';
import type { Scene } from './scene';
import { readCsv } from './read-csv';

interface Comparison {
  readonly expected: number;
  readonly found: number;
  readonly missing: number;
  readonly strangers: number;
  readonly wrongStatus: number;
  readonly wrongFields: number;
  readonly wrongTags: number;
}

/**
 * Compares the audience in the sandbox with the source files, contact by contact. It shares no SQL with the product: its rules are
 * those by which the data was generated. Returns the number of compared contacts of the source.
 *
 * @param departed number of contacts of earlier exports that the source no longer has: in the audience, without a tag
 * @throws Error with the number of differences of each kind
 */
export async function reconcile(
  scene: Pick<Scene, 'folder' | 'setting' | 'sandbox'>,
  departed: number,
): Promise<number> {
  const dump = join(scene.folder, 'members.ndjson');
  await scene.sandbox.dump(dump);
  const { profilesFile } = scene.setting;
  const membershipFile = join(scene.folder, 'data/memberships.csv');
  const database = await openDatabase({ folder: scene.folder, memoryLimit: '1GB', allow: [scene.folder] });
  try {
    await database.run(wantedSql(profilesFile, membershipFile));
    await database.run(foundSql(dump));
    const comparison = await database.row<Comparison>(COMPARE);
    const { expected, found, ...differences } = comparison;
    if (found === expected + departed && Object.values(differences).every((count) => count === 0))
      return expected;
    throw new Error(`The audience differs from the source: ${JSON.stringify(comparison)}`);
  } finally {
    await database.close();
  }
}

/**
 * One row per contact: of all profiles with the address, the fields of the one with the lowest key and the tags of all. Tags are bits,
 * in the order of their names: sorted lists of a million contacts take minutes.
 */
const wantedSql = (profiles: string, memberships: string): string => `
  CREATE TABLE segment AS
    SELECT name, 1 << (row_number() OVER (ORDER BY name))::INTEGER AS bit
    FROM (SELECT DISTINCT Segment AS name FROM ${readCsv(memberships)});
  CREATE TABLE profile AS
    SELECT CustomerId AS key, lower(trim(Email)) AS address, coalesce(FirstName, '') AS first,
      coalesce(LastName, '') AS last, coalesce(Country, '') AS country
    FROM ${readCsv(profiles)}
    WHERE regexp_full_match(lower(trim(Email)), '[a-z0-9]+(\\.[a-z0-9]+)*@[a-z-]+(\\.[a-z]+)+');
  CREATE TABLE label AS
    SELECT CustomerId AS key, bit_or(bit) AS tags
    FROM ${readCsv(memberships)} JOIN segment ON name = Segment GROUP BY CustomerId;
  CREATE TABLE contact AS
    SELECT address, arg_min(first, key) AS first, arg_min(last, key) AS last, arg_min(country, key) AS country,
      bit_or(tags) AS tags
    FROM profile LEFT JOIN label USING (key) GROUP BY address`;

/** A tag that is not of a segment is one more bit, which never matches. */
const foundSql = (dump: string): string => `
  CREATE TABLE member AS
    SELECT lower(email) AS address, status, merge_fields->>'FNAME' AS first, merge_fields->>'LNAME' AS last,
      merge_fields->>'COUNTRY' AS country, tags
    FROM read_json(${quoteText(dump)}, format = 'newline_delimited',
      columns = { email: 'VARCHAR', status: 'VARCHAR', merge_fields: 'JSON', tags: 'VARCHAR[]' });
  CREATE TABLE carried AS
    SELECT address, bit_or(coalesce(bit, 1)) AS tags
    FROM (SELECT address, unnest(tags) AS tag FROM member) LEFT JOIN segment ON name = tag GROUP BY address;
  CREATE TABLE found AS
    SELECT m.* EXCLUDE (tags), c.tags FROM member m LEFT JOIN carried c USING (address)`;

const COMPARE = `
  SELECT (SELECT count(*) FROM contact) AS expected, (SELECT count(*) FROM found) AS found,
    count(*) FILTER (f.address IS NULL) AS missing,
    count(*) FILTER (p.address IS NULL AND f.tags IS NOT NULL) AS strangers,
    count(*) FILTER (f.status <> 'subscribed') AS "wrongStatus",
    count(*) FILTER (f.first <> p.first OR f.last <> p.last OR f.country <> p.country) AS "wrongFields",
    count(*) FILTER (f.address IS NOT NULL AND p.address IS NOT NULL AND f.tags IS DISTINCT FROM p.tags) AS "wrongTags"
  FROM contact p FULL JOIN found f ON f.address = p.address`;
