import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { generateProfiles } from '../src/dev/profiles';
import { openDatabase } from '../src/duckdb/open';
import { quoteText, quoteTexts } from '../src/duckdb/quote';
import { readCsv } from './read-csv';

/** Duration in seconds of the plan of a first export as bare SQL: an exporter that uses DuckDB cannot be much faster. */
export async function measureFloor(profiles: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'floor-'));
  try {
    const generated = await generateProfiles({ profiles, seed: 1, folder: join(folder, 'data') });
    const start = performance.now();
    // With the memory limit, threads and other settings of the worker.
    const database = await openDatabase({ folder, memoryLimit: '256MB', allow: [folder] });
    try {
      await database.run(floorSql({ ...generated, into: join(folder, 'chunks.parquet') }));
    } finally {
      await database.close();
    }
    return (performance.now() - start) / 1000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface FloorInput {
  readonly profilesFile: string;
  readonly membershipFile: string;
  readonly segments: readonly string[];
  readonly into: string;
}

const ADDRESS = String.raw`[a-z0-9!#$%&''*+/=?^_{|}~-]+(?:\.[a-z0-9!#$%&''*+/=?^_{|}~-]+)*@(?:[a-z0-9-]+\.)+[a-z]{2,}`;

/** Tags are bits, and only the last statement reads the texts of the rows, so that the data fits into the memory limit. */
function floorSql({ profilesFile, membershipFile, segments, into }: FloorInput): string {
  return `
    CREATE TABLE profile AS
      SELECT row_number() OVER () AS n, CustomerId AS key, FirstName, LastName, Country,
        md5_number_lower(FirstName) AS h1, md5_number_lower(LastName) AS h2, md5_number_lower(Country) AS h3,
        CASE WHEN regexp_full_match(lower(trim(Email)), '${ADDRESS}') THEN lower(trim(Email)) END AS address
      FROM ${readCsv(profilesFile)};
    CREATE TABLE mask AS
      SELECT n, bit_or(1::INTEGER << (list_position(${quoteTexts(segments)}, Segment) - 1)::INTEGER) AS mask
      FROM ${readCsv(membershipFile)} JOIN (SELECT n, key FROM profile) ON key = CustomerId GROUP BY n;
    CREATE TABLE contact AS
      SELECT address, arg_min(n, key) AS n, bit_or(mask) AS mask
      FROM profile JOIN mask USING (n) WHERE address IS NOT NULL GROUP BY address;
    CREATE TABLE place AS SELECT n, mask, (row_number() OVER (ORDER BY n) - 1) // 500 AS chunk FROM contact;
    DROP TABLE contact;
    COPY (
      SELECT chunk, address, h1, h2, h3, json_object('FNAME', FirstName, 'LNAME', LastName, 'COUNTRY', Country) AS fields,
        to_json(list_filter(${quoteTexts(segments)}, (x, i) -> mask & (1 << (i - 1)::INTEGER) > 0)) AS tags
      FROM place JOIN profile USING (n) ORDER BY chunk
    ) TO ${quoteText(into)} (FORMAT parquet, COMPRESSION zstd)`;
}
