import type { Database } from '../../duckdb/database';
import type { ExportError } from '../../errors';
import type { DataFile } from '../files/data-file';
import type { TextTable } from '../files/table';
import type { SourceOptions } from '../options';

/**
 * How a kind of source lends single tables to SQL. A kind that can implements it in its folder, and has a branch in `sql-config.ts` and a
 * line in `table-kinds.ts`.
 */
export interface TableKind<Config> {
  /** Tables with an equal text are of one place, such as a folder or a server, and are read there in one state. */
  placeOf(table: Config): string;
  /**
   * Opens tables of one place, before there is a database. What it copies into the folder is deleted after the reading.
   * @throws ExportError
   */
  open(tables: readonly WantedTable<Config>[], workplace: Workplace): Promise<OpenedTables>;
  /** A text of which an equal one means the same rows of these tables of one place. Undefined: not known. Reads no rows. */
  version(tables: readonly WantedTable<Config>[], workplace: VersionPlace): Promise<string | undefined>;
  /** The identity under which a table is read, in words. Reads no rows. */
  identity(table: Config, workplace: VersionPlace): Promise<string>;
}

/** A table that a reading needs. */
export interface WantedTable<Config = unknown> {
  /** One of each reading; also for messages: `profiles`, `table orders`, `members of vip`. */
  readonly what: string;
  readonly config: Config;
  /** Columns that it has to have. */
  readonly required: readonly string[];
  /** Whether another column may be read. If in doubt: true. */
  readonly wants: (column: string) => boolean;
}

export interface VersionPlace {
  readonly options: SourceOptions;
  readonly signal: AbortSignal;
}

interface Workplace extends VersionPlace {
  /** Of this place alone. */
  readonly folder: string;
  /** No row is wanted. */
  readonly columnsOnly: boolean;
}

export interface OpenedTable extends TextTable {
  /** By name in small letters: why a column that is there cannot be used, as the end of a sentence. */
  readonly unusable: ReadonlyMap<string, string>;
}

/** Tables of one place whose rows are there, or can be read. */
export interface OpenedTables {
  /** What DuckDB is to read, in the folder or not. */
  readonly files: readonly DataFile[];
  /** The tables, in their order. @throws ExportError SOURCE_MALFORMED */
  read(database: Database): Promise<readonly OpenedTable[]>;
  /** Called when everything has been read: whether it was of one state. Undefined: it was. */
  findChange(): Promise<Change | undefined>;
}

/** The place has another state than at the beginning, so that nothing of a reading counts. */
export interface Change {
  readonly error: ExportError;
  /** Whether the new state is whole, so that reading it again makes sense. */
  readonly isWhole: boolean;
}
