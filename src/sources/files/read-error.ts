import { DatabaseError } from '../../duckdb/database-error';
import { ExportError } from '../../errors';
import { measureBadQuotes } from './csv';
import type { DataFile } from './data-file';
import type { Format } from './format';

/** Not about a file: our SQL is wrong, or the source was closed. */
const OURS = new Set(['Binder', 'Catalog', 'INTERNAL', 'INTERRUPT', 'Parser', 'Permission']);

/** A table that was being read. */
interface ReadTable {
  readonly format: Format;
  readonly files: readonly DataFile[];
}

/**
 * What a failed reading of these tables means. Looks into CSV files for a quote that never closes, since DuckDB
 * gives many other reasons for that.
 */
export async function asReadError(tables: readonly ReadTable[], error: unknown): Promise<unknown> {
  if (!(error instanceof DatabaseError) || OURS.has(error.kind)) return error;
  if (error.kind === 'Out of Memory') {
    return new ExportError(
      'STAGING_FAILED',
      'Reading the source needs more memory than staging.memoryLimit gives. Raise it in the configuration of the worker.',
    );
  }
  const text = error.rowText();
  for (const { format, files } of tables) {
    const file = files.find(({ readable }) => text.includes(readable));
    if (!file) continue;
    if (error.kind === 'IO' && /Cannot open|No files found|No such file/.test(text)) {
      return new ExportError(
        'SOURCE_UNREADABLE',
        `${file.name} could not be opened. Put it back and try again.`,
      );
    }
    if (format.kind === 'csv') await measureBadQuotes(file, format);
    return malformed(file.name, text, error.kind);
  }
  if (error.kind === 'IO') {
    return new ExportError(
      'STAGING_FAILED',
      'A working file could not be written or read (an IO error of DuckDB). Check the disk of the staging folder.',
    );
  }
  const names = tables.flatMap(({ files }) => files.map(({ name }) => name));
  return malformed(names.slice(0, 5).join(', '), text, error.kind);
}

function malformed(name: string, text: string, kind: string): ExportError {
  const why = text.includes('state machine reached an invalid state')
    ? 'line breaks of two kinds (LF and CR LF) are mixed. Write all lines with the same'
    : `DuckDB answered with ${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind} Error. Check that the file is complete and in the configured format and encoding`;
  return new ExportError('SOURCE_MALFORMED', `${name} could not be read: ${why}.`);
}
