import { describe } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { quoteText } from '../../../src/duckdb/quote';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { type Content, describeSource } from './every-format';
import { Fixture } from './fixture';

function csv({ columns, rows }: Content, delimiter = ','): string {
  const line = (values: readonly (string | null)[]) =>
    values.map((value) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(delimiter);
  return `${[columns, ...rows].map(line).join('\n')}\n`;
}

function ndjson({ columns, rows }: Content): string {
  return rows
    .map((row) => `${JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index]])))}\n`)
    .join('');
}

function literal(value: string | null): string {
  return value === null ? 'NULL::VARCHAR' : quoteText(value);
}

async function written(fixture: Fixture, file: string, content: string | Uint8Array) {
  await fixture.write(file, content);
  return { path: file };
}

type Write = Parameters<typeof describeSource>[1];

/** The contract of every source, and what sources of files do beyond it. */
function describeFiles(name: string, write: Write): void {
  describe(`the contract of SegmentSource, with ${name}`, () => {
    runContract(segmentSourceContract((content) => openFiles(content, write)));
  });
  describeSource(name, write);
}

async function openFiles({ attributes, profiles, segments }: SourceContent, write: Write) {
  const fixture = await Fixture.make();
  const members = async (keys: readonly string[], table: string) => ({
    ...(await write(fixture, table, { columns: ['id'], rows: keys.map((key) => [key]) })),
    key: 'id',
  });
  const profilesOf = (content: Pick<SourceContent, 'attributes' | 'profiles'>) =>
    write(fixture, 'profiles', { columns: content.attributes, rows: content.profiles });
  const configured = segments.map(async ({ id, name, members: keys }, index) => [
    id,
    { name, members: await members(keys, `segment-${index}`) },
  ]);
  const source = await fixture.open({
    profiles: {
      ...(await profilesOf({ attributes, profiles })),
      key: attributes[0] ?? '',
    },
    segments: Object.fromEntries(await Promise.all(configured)),
  });
  const change = async (content: SourceContent) => {
    await profilesOf(content);
    for (const [index, segment] of content.segments.entries())
      await members(segment.members, `segment-${index}`);
  };
  return { source, change, close: () => fixture.remove() };
}

describeFiles('CSV files', (fixture, table, content) => written(fixture, `${table}.csv`, csv(content)));

describeFiles('packed TSV files with a byte order mark', (fixture, table, content) =>
  written(fixture, `${table}.tsv.gz`, gzipSync(`\uFEFF${csv(content, '\t')}`)),
);

describeFiles('NDJSON files', (fixture, table, content) =>
  written(fixture, `${table}.ndjson`, ndjson(content)),
);

describeFiles('Parquet files', async (fixture, table, { columns, rows }) => {
  const file = `${table}.parquet`;
  const values = rows.length > 0 ? rows : [columns.map(() => null)];
  await fixture.sql(`
    COPY (
      SELECT * FROM (VALUES ${values.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}) t(${columns.map((name) => `"${name}"`).join(', ')})
      ${rows.length > 0 ? '' : 'LIMIT 0'}
    ) TO ${quoteText(`${fixture.folder}/${file}`)} (FORMAT parquet)`);
  return { path: file };
});
