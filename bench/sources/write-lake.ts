import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openDatabase } from '../../src/duckdb/open';
import { quoteText } from '../../src/duckdb/quote';
import { readCsv } from '../read-csv';

/** A table of a lake, from a CSV file with a header line. */
export interface LakeTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly file: string;
}

/** As large a table, Customer Insights writes in several files. */
const PARTITIONS = 8;
const ADDRESS = 'https://contosolake.dfs.core.windows.net/customerinsights/Export';

/** Writes tables as Customer Insights exports them: partitions without a header line in dated folders, and `model.json`. */
export async function writeLake(root: string, tables: readonly LakeTable[]): Promise<void> {
  const entities: object[] = [];
  for (const table of tables) {
    const paths = Array.from(
      { length: PARTITIONS },
      (_, index) => `${table.name}/2026/11/23/0200/${table.name}_${index + 1}.csv`,
    );
    await divide(
      table.file,
      paths.map((path) => join(root, path)),
    );
    entities.push({
      $type: 'LocalEntity',
      name: table.name,
      attributes: table.columns.map((name) => ({ name, dataType: 'string' })),
      partitions: paths.map((path) => ({ name: path, location: `${ADDRESS}/${path}` })),
    });
  }
  const model = { name: 'Export', version: '1.0', modifiedTime: '2026-11-23T02:14:31Z', entities };
  await writeFile(join(root, 'model.json'), JSON.stringify(model));
}

/** By DuckDB, since a value may contain line breaks. */
async function divide(from: string, into: readonly string[]): Promise<void> {
  const folders = into.map(dirname);
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const allow = [dirname(from), ...folders];
  const database = await openDatabase({ folder: dirname(from), memoryLimit: '1GB', allow });
  try {
    await database.run(`CREATE TABLE line AS SELECT row_number() OVER () AS number, * FROM ${readCsv(from)}`);
    for (const [index, path] of into.entries())
      await database.run(
        `COPY (SELECT * EXCLUDE (number) FROM line WHERE number % ${into.length} = ${index} ORDER BY number) TO ${quoteText(path)} (FORMAT csv, HEADER false)`,
      );
  } finally {
    await database.close();
  }
}
