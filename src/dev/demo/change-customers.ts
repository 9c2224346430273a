import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../duckdb/database';
import { openDatabase } from '../../duckdb/open';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { Setting } from './setting';

/** Descriptions of the changes, for output. */
export const CHANGES = ['one has a new last name', 'one has moved to Iceland', 'one was deleted'] as const;

/**
 * Changes three customers of the input, like a daily refresh. All three are in the audience, so the next export sends exactly these.
 * The other rows keep their values.
 *
 * @param exported addresses of members with a tag, from the audience
 */
export async function changeThreeCustomers(
  setting: Setting,
  folder: string,
  exported: readonly string[],
): Promise<void> {
  const { profilesFile } = setting;
  const database = await openDatabase({ folder, memoryLimit: '256MB', allow: [folder] });
  const changed = join(folder, 'changed.csv');
  try {
    await database.run(
      `CREATE TABLE profiles AS SELECT *, row_number() OVER () AS line
         FROM read_csv(${quoteText(profilesFile)}, all_varchar = true, header = true, quote = '"', escape = '"', delim = ',')`,
    );
    await changeRows(database, setting, exported);
    await database.run(
      `COPY (SELECT * EXCLUDE (line) FROM profiles ORDER BY line) TO ${quoteText(changed)} (FORMAT csv, HEADER true)`,
    );
  } finally {
    await database.close();
  }
  await rename(changed, profilesFile);
}

async function changeRows(
  database: Database,
  { columns }: Setting,
  exported: readonly string[],
): Promise<void> {
  const key = quoteName(columns.key);
  const email = quoteName(columns.email);
  // Only addresses with one profile: a change of a duplicate need not change the contact.
  const chosen = await database.rows<{ id: string }>(
    `SELECT any_value(${key}) AS id FROM profiles WHERE lower(trim(${email})) IN (${exported.map(quoteText).join(', ')})
      GROUP BY lower(trim(${email})) HAVING count(*) = 1 ORDER BY TRY_CAST(id AS INTEGER), id LIMIT 3`,
  );
  const [renamed, moved, left] = chosen.map(({ id }) => quoteText(id));
  if (!renamed || !moved || !left)
    throw new Error('The demo needs three exported customers to change, and found fewer.');
  await database.run(
    `UPDATE profiles SET ${quoteName(columns.lastName)} = 'Newname' WHERE ${key} = ${renamed}`,
  );
  await database.run(`UPDATE profiles SET ${quoteName(columns.country)} = 'Iceland' WHERE ${key} = ${moved}`);
  await database.run(`DELETE FROM profiles WHERE ${key} = ${left}`);
}
