import { isNativeError } from 'node:util/types';
import { ExportError } from '../errors';

// Kinds whose text is about SQL, files or resources. Any other may quote a value of a row:
// "Could not convert string 'jane@…'", "Duplicate key …", "CSV Error … Original Line: …", "Unknown TimeZone '…'".
const TEXT_HOLDS_NO_ROWS = new Set([
  'Binder',
  'Catalog',
  'Dependency',
  'INTERRUPT',
  'IO',
  'Out of Memory',
  'Parser',
  'Permission',
  'Syntax',
]);

// By kind, since the text of most kinds may quote rows. An IO error ends with the reason of the system, after a path.
// The other is DuckDB's own: it stops at 90 % of what was free on the disk when it was opened.
const DISK_FULL: Readonly<Record<string, RegExp>> = {
  IO: /: (No space left on device|Disk quota exceeded)$/,
  'Out of Memory': /max_temp_directory_size/,
};

/** DuckDB refused or failed. `message` never contains a value of a row: a caller that forgets to translate it may log it. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** DuckDB's word before "Error:", e.g. `Binder`, `Conversion`, `Invalid Input`, `IO`, `Out of Memory`. */
  readonly kind: string;
  // Private, so that neither a logger nor a serializer walks into it.
  readonly #text: string;

  constructor(kind: string, text: string) {
    super(TEXT_HOLDS_NO_ROWS.has(kind) ? text : `DuckDB: ${kind} Error (its text may quote rows)`);
    this.kind = kind;
    this.#text = text;
  }

  /** DuckDB's whole text: to be examined, never to be passed on. May contain values of rows. */
  rowText(): string {
    return this.#text;
  }
}

/** The one place where what DuckDB throws becomes ours: `DISK_FULL`, else a DatabaseError. */
export function translateError(error: unknown): ExportError | DatabaseError {
  if (error instanceof ExportError || error instanceof DatabaseError) return error;
  // Not instanceof: an error made by native code belongs to another realm where code runs in a vm context, as under jest.
  const text = isNativeError(error) ? error.message : String(error);
  const [, kind = 'Unknown'] = /^([A-Z][A-Za-z ]*?) Error: /.exec(text) ?? [];
  return DISK_FULL[kind]?.test(text) ? diskFull() : new DatabaseError(kind, text);
}

/** No space is left where rows are worked on. */
export function diskFull(): ExportError {
  return new ExportError(
    'DISK_FULL',
    'Working on the rows stopped: no space is left on the disk of the staging or temporary folder. Free some space, then resume.',
  );
}
