import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../src/duckdb/open';
import { quoteText } from '../src/duckdb/quote';
import type { Scene } from './scene';
import { readCsv } from './read-csv';

type ChangedScene = Pick<Scene, 'folder' | 'setting'> & {
  readonly options: Pick<Scene['options'], 'profiles'>;
};

/**
 * Changes one percent of the profiles in the source files, like a daily refresh: half of these get a new last name, a quarter are new,
 * a quarter are deleted. Only profiles that an export sends are chosen, so that every change must be sent.
 */
export async function changeOneOfAHundred({ folder, setting, options }: ChangedScene): Promise<void> {
  const profiles = setting.profilesFile;
  const memberships = join(folder, 'data/memberships.csv');
  const quarter = Math.round(options.profiles / 400);
  const database = await openDatabase({ folder, memoryLimit: '1GB', threads: 1, allow: [folder] });
  try {
    await database.run(readSql(profiles, memberships));
    await database.run(changeSql(quarter));
    await database.run(copySql('profiles', `${profiles}.new`));
    await database.run(copySql('memberships', `${memberships}.new`));
  } finally {
    await database.close();
  }
  await rename(`${profiles}.new`, profiles);
  await rename(`${memberships}.new`, memberships);
}

const copySql = (table: string, file: string): string =>
  `COPY ${table} TO ${quoteText(file)} (FORMAT csv, HEADER true)`;

/** `chosen`: profiles with a valid address that no other profile has, in a fixed order. */
const readSql = (profiles: string, memberships: string): string => `
  CREATE TABLE profiles AS FROM ${readCsv(profiles)};
  CREATE TABLE memberships AS FROM ${readCsv(memberships)};
  CREATE TABLE chosen AS
    SELECT any_value(CustomerId) AS id, row_number() OVER (ORDER BY md5('change ' || any_value(CustomerId))) AS place
    FROM profiles WHERE regexp_full_match(lower(trim(Email)), '[a-z0-9]+(\\.[a-z0-9]+)*@[a-z-]+(\\.[a-z]+)+')
    GROUP BY lower(trim(Email)) HAVING count(*) = 1`;

const changeSql = (quarter: number): string => `
  UPDATE profiles SET LastName = 'Newname' FROM chosen
    WHERE CustomerId = id AND place <= ${2 * quarter};
  DELETE FROM profiles WHERE CustomerId IN (SELECT id FROM chosen WHERE place BETWEEN ${2 * quarter + 1} AND ${3 * quarter});
  DELETE FROM memberships WHERE CustomerId IN (SELECT id FROM chosen WHERE place BETWEEN ${2 * quarter + 1} AND ${3 * quarter});
  CREATE TABLE joiner AS
    SELECT md5('joiner ' || i) AS id, 'joiner' || i || '@oakridgehomes.us' AS email FROM range(${quarter}) r(i);
  INSERT INTO profiles BY NAME
    SELECT id AS CustomerId, email AS Email, 'Jo' AS FirstName, 'Joiner' AS LastName, 'Norway' AS Country FROM joiner;
  INSERT INTO memberships BY NAME
    SELECT id AS CustomerId, unnest(['all-customers', 'newsletter-readers']) AS Segment FROM joiner`;
