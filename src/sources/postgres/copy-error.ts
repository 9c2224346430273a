import { DatabaseError } from '../../duckdb/database-error';
import { ExportError } from '../../errors';

/** What a failure of DuckDB over copied rows means. */
export function asCopyError(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  switch (error.kind) {
    case 'Out of Memory':
      return new ExportError(
        'STAGING_FAILED',
        'Reading the source needs more memory than staging.memoryLimit gives. Raise it in the configuration of the worker.',
      );
    case 'IO':
      return new ExportError(
        'STAGING_FAILED',
        'A working file could not be written or read (an IO error of DuckDB). Check the disk of the staging folder.',
      );
    case 'Invalid Input':
      return new ExportError(
        'SOURCE_MALFORMED',
        'A row of the source could not be used: a text in it is no UTF-8, as in a database of encoding SQL_ASCII. Leave the column out of what is exported, or correct it.',
      );
    default:
      return error;
  }
}
