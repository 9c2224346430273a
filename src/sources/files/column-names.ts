import { ExportError } from '../../errors';
import { nearest, suggest } from '../suggest';

/** Reserved by the option of the same name of DuckDB's Parquet reader, which we need. */
const ROW_NUMBER = 'file_row_number';

/** The columns of a table that can be requested, under the names that they are requested by. */
export interface ColumnNames {
  /** Names, each with the one that the files have. No two are the same when case is ignored. */
  readonly usable: ReadonlyMap<string, string>;
  /** By name in small letters: why a column that is there cannot be used, as the end of a sentence. */
  readonly unusable: ReadonlyMap<string, string>;
}

/**
 * Which columns can be used. One that is not requested may have any name: SQL compares names without case, and ends at a NUL; and a name
 * that is an address never leaves this process.
 *
 * @throws ExportError SOURCE_MALFORMED
 */
export function nameColumns(
  what: string,
  columns: readonly string[],
  rename: Readonly<Record<string, string>> = {},
): ColumnNames {
  checkRename(what, columns, rename);
  const usable = new Map<string, string>();
  const unusable = new Map<string, string>();
  const seen = new Map<string, string>();
  for (const column of columns) {
    const name = Object.hasOwn(rename, column) ? String(rename[column]) : column;
    if (name === '' || holdsAddress(name)) continue;
    const folded = name.toLowerCase();
    const twin = seen.get(folded);
    seen.set(folded, name);
    if (twin !== undefined) {
      usable.delete(twin);
      unusable.set(
        folded,
        `the columns "${twin}" and "${name}" have the same name${twin === name ? '' : ' but for case'}`,
      );
    } else if (folded === ROW_NUMBER) {
      unusable.set(folded, `a column has the reserved name ${ROW_NUMBER}`);
    } else if (name.includes('\0')) {
      unusable.set(folded, 'a column has a NUL in its name');
    } else {
      usable.set(name, column);
    }
  }
  return { usable, unusable };
}

function checkRename(
  what: string,
  columns: readonly string[],
  rename: Readonly<Record<string, string>>,
): void {
  // NDJSON without a row names no columns.
  if (columns.length === 0) return;
  for (const from of Object.keys(rename)) {
    const times = columns.filter((column) => column === from).length;
    if (times === 1) continue;
    throw new ExportError(
      'SOURCE_MALFORMED',
      times === 0
        ? `${what}: rename names a column "${from}", which is not there. ${suggest(from, presentable(columns))}`
        : `${what}: rename names a column "${from}", but ${times} columns are called so. Rename them in the file, or pass over its first line with csv.skip and name all columns with csv.header: false and columns.`,
      { details: { column: from } },
    );
  }
}

function presentable(columns: readonly string[]): string[] {
  return columns.filter((name) => name !== '' && !holdsAddress(name));
}

/** Dataverse has names like `owner@OData.Community.Display.V1.FormattedValue`. */
export function holdsAddress(name: string): boolean {
  return /[^\s@]@(?!odata\.)[^\s@]*\.[^\s@]/i.test(name);
}

interface Required {
  readonly required: readonly string[];
  /** The names are the first line of a file, which may turn out to be a row. */
  readonly fromFirstLine: boolean;
}

/** @throws ExportError SOURCE_MALFORMED */
export function requireColumns(
  what: string,
  { usable, unusable }: ColumnNames,
  { required, fromFirstLine }: Required,
): void {
  const columns = [...usable.keys()];
  const column = required.find((name) => !usable.has(name));
  if (column === undefined) return;
  const why = unusable.get(column.toLowerCase());
  // NDJSON without a row has no columns, and no row to miss them.
  if (why === undefined && columns.length === 0 && unusable.size === 0) return;
  // Messages pass through Temporal, so no row may be in one.
  const areNames = !fromFirstLine || required.some((name) => usable.has(name) || isNear(name, columns));
  const advice = areNames
    ? `${suggest(column, columns)} Correct the configuration or the file.`
    : 'No name in the first line is similar: name one of its columns; or, if it is a title, pass over it with csv.skip: 1; or, if it is a row, set csv.header: false and columns.';
  throw new ExportError(
    'SOURCE_MALFORMED',
    why === undefined
      ? `${what}: there is no column "${column}". ${advice}`
      : `${what}: ${why}. Rename one of them, in the file or with rename.`,
    { details: { column } },
  );
}

/** Any value of one or two characters would be similar to a name as short. */
function isNear(name: string, columns: readonly string[]): boolean {
  const near = nearest(name, columns);
  return near !== undefined && (name.length > 3 || near.toLowerCase() === name.toLowerCase());
}

/** @param advice what to do about columns of the same name @throws ExportError ATTRIBUTE_NOT_FOUND */
export function requireAttributes(
  { columns, unusable }: { readonly columns: readonly string[] } & Pick<ColumnNames, 'unusable'>,
  attributes: readonly string[],
  advice: string,
): void {
  // NDJSON without a row names no columns, and has nothing to miss them.
  if (columns.length === 0) return;
  const missing = attributes.find((name) => !columns.includes(name));
  if (missing === undefined) return;
  const why = unusable.get(missing.toLowerCase());
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    why === undefined
      ? `The source's profiles have no attribute "${missing}". ${suggest(missing, columns)}`
      : `The source's profiles have no usable attribute "${missing}": ${why}. ${advice}`,
    { details: { attribute: missing } },
  );
}
