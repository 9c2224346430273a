import { gzipSync } from 'node:zlib';
import { quoteText } from '../../../src/duckdb/quote';
import { type Content, describeSource } from '../../ports/segment-source-contract';
import type { Fixture } from './fixture';

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

describeSource('CSV files', (fixture, table, content) => written(fixture, `${table}.csv`, csv(content)));

describeSource('packed TSV files with a byte order mark', (fixture, table, content) =>
  written(fixture, `${table}.tsv.gz`, gzipSync(`\uFEFF${csv(content, '\t')}`)),
);

describeSource('NDJSON files', (fixture, table, content) =>
  written(fixture, `${table}.ndjson`, ndjson(content)),
);

describeSource('Parquet files', async (fixture, table, { columns, rows }) => {
  const file = `${table}.parquet`;
  const values = rows.length > 0 ? rows : [columns.map(() => null)];
  await fixture.sql(`
    COPY (
      SELECT * FROM (VALUES ${values.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}) t(${columns.map((name) => `"${name}"`).join(', ')})
      ${rows.length > 0 ? '' : 'LIMIT 0'}
    ) TO ${quoteText(`${fixture.folder}/${file}`)} (FORMAT parquet)`);
  return { path: file };
});
