import type { SourceRoot } from '../root/source-root';
import type { DataFile } from './data-file';
import type { CsvFormat } from './format';

/**
 * How another kind of source, whose tables are files too, comes to them: `path` of a table is then its name there. Such a source knows
 * tables that nothing uses, which may be huge, so that a check does not read them.
 */
export interface TableAccess {
  /** Paths of the files of a table, as the root knows them, sorted, each once. @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED */
  find(table: string, root: SourceRoot): Promise<readonly string[]>;
  /** @throws ExportError SOURCE_MALFORMED when a file does not fit its table */
  check(table: string, file: DataFile, reading: FileReading): Promise<void>;
  /** SQL of a value as it is to be exported. @param sql the text in the file, or NULL */
  valueOf(column: { readonly table: string; readonly name: string }, sql: string): string;
}

export interface FileReading {
  readonly format: CsvFormat;
  readonly signal: AbortSignal;
}
