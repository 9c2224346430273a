import {
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDBValue,
  type DuckDBValueConverter,
  type JS,
  JSDuckDBValueConverter,
  listValue,
} from '@duckdb/node-api';
import { DatabaseError, translateError } from './database-error';

type Scalar = string | number | boolean | null;
/** A text array goes into a `VARCHAR[]` column. */
export type Cell = Scalar | readonly string[];
/** `$1`, `$2`, … or `$name`. */
export type Parameters = readonly Scalar[] | Readonly<Record<string, Scalar>>;

const ROWS_PER_APPEND = 2_048;
const INTERRUPT_MS = 100;

/**
 * One connection to a sandboxed DuckDB. Statements wait for each other: a second one on a busy connection would cut the
 * first one's result short without an error. Every method throws ExportError DISK_FULL or a DatabaseError.
 */
export interface Database {
  /** Runs one or more statements to the end. `$1` or `$name` parameters go with a single statement only. */
  run(sql: string, parameters?: Parameters): Promise<void>;
  /**
   * All rows, as objects. Held in memory, so only for results whose size is bounded. Whole numbers of any width arrive as
   * `number`; one beyond 2^53 throws. Never a stream: DuckDB's streams end silently at an error.
   */
  rows<Row extends object>(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Like `rows`, for a query that answers exactly one row. */
  row<Row extends object>(sql: string, parameters?: Parameters): Promise<Row>;
  /**
   * Appends rows to a table: cells by column position. Returns how many. Rows are taken as they come, a few thousand at a time
   * in memory, and other statements may run in between. If it throws, a prefix of the rows is in the table.
   */
  append(table: string, rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>): Promise<number>;
  /** Stops the running statement at once: it throws a DatabaseError of kind INTERRUPT. */
  interrupt(): void;
  /** Interrupts the running statement and refuses those that wait. May be called twice. */
  close(): Promise<void>;
}

const numberFirst: DuckDBValueConverter<JS> = (value, type, converter) => {
  if (typeof value !== 'bigint') return JSDuckDBValueConverter(value, type, converter);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError('a whole number from DuckDB is beyond 2^53');
  return number;
};

/** Not for use outside this folder: `openDatabase` makes it. */
export class SerialDatabase implements Database {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  run(sql: string, parameters?: Parameters): Promise<void> {
    return this.#inTurn(async () => {
      await this.#connection.run(sql, toValues(parameters));
    });
  }

  async rows<Row extends object>(sql: string, parameters?: Parameters): Promise<Row[]> {
    const reader = await this.#inTurn(() => this.#connection.runAndReadAll(sql, toValues(parameters)));
    return reader.convertRowObjects(numberFirst) as Row[];
  }

  async row<Row extends object>(sql: string, parameters?: Parameters): Promise<Row> {
    const rows = await this.rows<Row>(sql, parameters);
    if (rows.length !== 1) throw new Error(`a query that answers one row answered ${rows.length}`);
    return rows[0] as Row;
  }

  async append(
    table: string,
    rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>,
  ): Promise<number> {
    let count = 0;
    let batch: (readonly Cell[])[] = [];
    for await (const row of rows) {
      batch.push(row);
      if (batch.length < ROWS_PER_APPEND) continue;
      count += await this.#appendBatch(table, batch);
      batch = [];
    }
    return count + (await this.#appendBatch(table, batch));
  }

  interrupt(): void {
    this.#connection.interrupt();
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#closed;
    this.#closed = this.#release();
    return this.#closed;
  }

  async #release(): Promise<void> {
    this.#connection.interrupt();
    // Again and again, since one between two statements of a text stops neither.
    const again = setInterval(() => this.#connection.interrupt(), INTERRUPT_MS);
    await this.#last;
    clearInterval(again);
    this.#connection.disconnectSync();
    this.#instance.closeSync();
  }

  #appendBatch(table: string, rows: readonly (readonly Cell[])[]): Promise<number> {
    return this.#inTurn(async () => {
      const appender = await this.#connection.createAppender(table);
      try {
        const types = Array.from({ length: appender.columnCount }, (_, column) =>
          appender.columnType(column),
        );
        for (const row of rows) {
          types.forEach((type, column) => {
            const cell = row[column] ?? null;
            if (cell === null) appender.appendNull();
            else appender.appendValue(toValue(cell), type);
          });
          appender.endRow();
        }
        appender.flushSync();
      } finally {
        appender.closeSync();
      }
      return rows.length;
    });
  }

  #inTurn<T>(statement: () => Promise<T>): Promise<T> {
    const result = this.#last
      .then(() => {
        if (this.#closed) throw new DatabaseError('INTERRUPT', 'The database was closed.');
        return statement();
      })
      .catch((error: unknown) => {
        throw translateError(error);
      });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function toValue(cell: Exclude<Cell, null>): DuckDBValue {
  return typeof cell === 'object' ? listValue(cell) : cell;
}

function toValues(
  parameters: Parameters | undefined,
): DuckDBValue[] | Record<string, DuckDBValue> | undefined {
  return parameters as DuckDBValue[] | Record<string, DuckDBValue> | undefined;
}
