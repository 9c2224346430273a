import { count } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { toCsv } from '../text/csv';
import { toNdjson } from '../text/ndjson';
import type { Page } from '../text/page';
import { TABLE_LIMIT } from '../text/table-limit';

/** How a command prints, or writes, rows of the store. */
export interface RowFormatOptions {
  readonly csv?: boolean;
  readonly ndjson?: boolean;
  /** A file. */
  readonly parquet?: string;
  readonly limit?: number;
}

type Cells<Row> = Readonly<Record<keyof Row, string | number | null>>;

export interface ListedRows<Row extends Cells<Row>> {
  /** Of a CSV file. */
  readonly columns: readonly (keyof Row & string)[];
  /** @param limit undefined: all */
  readonly read: (limit: number | undefined) => Promise<readonly Row[]>;
  /** Writes a Parquet file. Returns the number of rows. */
  readonly write: (limit: number | undefined, file: string) => Promise<number>;
  readonly json: (rows: readonly Row[]) => object;
  readonly text: (rows: readonly Row[], limit: number | undefined, page: Page) => string;
}

/** Before anything is asked. */
export function requireOneFormat(
  { options, usageError }: Invocation,
  { csv, ndjson, parquet }: RowFormatOptions,
): void {
  const asked = [
    ...(csv ? ['--csv'] : []),
    ...(ndjson ? ['--ndjson'] : []),
    ...(parquet === undefined ? [] : ['--parquet']),
    // With a file, the document says what was written.
    ...(options.json && parquet === undefined ? ['--json'] : []),
  ];
  if (asked.length > 1) usageError(`${asked.join(' and ')} exclude each other`);
}

/** Prints rows as a table, CSV, NDJSON or JSON, or writes them into a Parquet file. Only a table has a limit by default. */
export async function listRows<Row extends Cells<Row>>(
  invocation: Invocation,
  { csv, ndjson, parquet, limit }: RowFormatOptions,
  { columns, read, write, json, text }: ListedRows<Row>,
): Promise<undefined> {
  if (parquet !== undefined) {
    const rows = await write(limit, parquet);
    print(invocation, {
      json: { file: parquet, rows },
      text: () => `${rows === 1 ? '1 row is' : `${count(rows)} rows are`} in ${parquet}.`,
    });
    return;
  }
  const isTable = !csv && !ndjson && !invocation.options.json;
  const most = limit ?? (isTable ? TABLE_LIMIT : undefined);
  const rows = await read(most);
  if (csv)
    invocation.terminal.out(
      toCsv(
        columns,
        rows.map((row) => columns.map((column) => row[column])),
      ),
    );
  else if (ndjson) invocation.terminal.out(toNdjson(rows));
  else print(invocation, { json: json(rows), text: (page) => text(rows, most, page) });
}
