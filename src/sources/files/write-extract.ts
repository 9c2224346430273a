import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FAST_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { ExtractRequest, SourceExtract } from '../../ports/source';
import { MEMBERSHIPS, UNMATCHED } from './members';
import type { Reading } from './reading';
import { ROW, STAGED_PROFILES, copyToScratch } from './stage';
import { type TextTable, looseKey } from './table';

const PROFILES_FILE = 'profiles.parquet';
const UNMATCHED_FILE = 'unmatched.parquet';

/** Files that a dead attempt left, also under the name that DuckDB gives to a file until it is complete. */
export async function clearExtract(into: string): Promise<void> {
  for (const file of [PROFILES_FILE, UNMATCHED_FILE]) {
    for (const name of [file, `tmp_${file}`]) await rm(join(into, name), { force: true });
  }
}

type Extracted = Pick<ExtractRequest, 'attributes' | 'into'> & Pick<SourceExtract, 'unmatched'>;

/** Writes what was found: the files of `SegmentSource.extract`. */
export async function writeExtract(
  reading: Reading<TextTable>,
  key: string,
  extracted: Extracted,
): Promise<void> {
  await writeProfiles(reading, key, extracted);
  if (extracted.unmatched.some(({ keys }) => keys > 0)) await writeUnmatched(reading, key, extracted);
}

async function writeProfiles(
  reading: Reading<TextTable>,
  key: string,
  { attributes, into }: Extracted,
): Promise<void> {
  const columns = attributes.map((name, index) => `p.${quoteName(name)} AS a${index}`);
  const select = `
    SELECT ${[`p.${quoteName(key)} AS key`, 'm.segments', ...columns].join(', ')}
    FROM ${STAGED_PROFILES} p JOIN ${MEMBERSHIPS} m USING (${ROW})`;
  await reading.database.run(`COPY (${select}) TO ${quoteText(join(into, PROFILES_FILE))} (${FAST_ROWS})`);
}

/** In two steps: grouping and joining at once would need twice the memory. */
async function writeUnmatched(reading: Reading<TextTable>, key: string, { into }: Extracted): Promise<void> {
  const grouped = `SELECT segment::INTEGER AS segment, key, count(*) AS rows FROM ${UNMATCHED} GROUP BY ALL`;
  const file = await copyToScratch(reading, 'unmatched', grouped);
  const name = quoteName(key);
  const select = `
    SELECT segment, key, rows, key IS NOT NULL AND hash(${looseKey('key')}) IN (
      SELECT hash(${looseKey(name)}) FROM ${STAGED_PROFILES} WHERE ${name} IS NOT NULL) AS is_near
    FROM read_parquet(${file})`;
  await reading.database.run(`COPY (${select}) TO ${quoteText(join(into, UNMATCHED_FILE))} (${FAST_ROWS})`);
}
