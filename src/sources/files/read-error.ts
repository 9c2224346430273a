import { DatabaseError } from '../../duckdb/database-error';
import { ExportError } from '../../errors';
import type { DataFile } from './data-file';

/** Not about a file: our SQL is wrong, or the source was closed. */
const OURS = new Set(['Binder', 'Catalog', 'INTERNAL', 'INTERRUPT', 'Parser', 'Permission']);

/** Begins the error of our SQL about a value that is no list of segments; the column follows. */
export const BROKEN_LIST = 'no JSON list of segments in the column ';

/** What a failed reading of these files means. */
export function asReadError(files: readonly DataFile[], error: unknown): unknown {
  if (!(error instanceof DatabaseError) || OURS.has(error.kind)) return error;
  if (error.kind === 'Out of Memory') {
    return new ExportError(
      'STAGING_FAILED',
      'Reading the source needs more memory than staging.memoryLimit gives. Raise it in the configuration of the worker.',
    );
  }
  const text = error.rowText();
  const [, column] = text.split(BROKEN_LIST);
  if (column !== undefined) {
    return new ExportError(
      'SOURCE_MALFORMED',
      `The column "${column.trim()}" has a value that is no JSON list of segments, such as {"Segments":["vip"]}. Correct the rows, or name another column as members.segments.`,
      { details: { column: column.trim() } },
    );
  }
  const file = files.find(({ readable }) => text.includes(readable));
  if (file && error.kind === 'IO' && /Cannot open|No files found|No such file/.test(text)) {
    return new ExportError(
      'SOURCE_UNREADABLE',
      `${file.name} could not be opened. Put it back and try again.`,
    );
  }
  if (!file && error.kind === 'IO') {
    return new ExportError(
      'STAGING_FAILED',
      'A working file could not be written or read (an IO error of DuckDB). Check the disk of the staging folder.',
    );
  }
  const names = file ? [file.name] : files.slice(0, 5).map(({ name }) => name);
  return malformed(names.join(', '), error.kind);
}

function malformed(name: string, kind: string): ExportError {
  return new ExportError(
    'SOURCE_MALFORMED',
    `${name} could not be read: DuckDB answered with ${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind} Error. Check that the file is complete and in the configured format and encoding.`,
  );
}
