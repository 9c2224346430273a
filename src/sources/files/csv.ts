import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { checkHeaderEncoding } from './check-dialect';
import { type CsvRecord, readRecords } from './csv-records';
import { type DataFile, checkByteOrderMark, readText } from './data-file';
import type { CsvFormat } from './format';
import {
  CSV_OPTIONS,
  FILE_COLUMN,
  type Fault,
  MAX_LINE,
  type LocateRequest,
  type SelectOptions,
  type TextTable,
  checkNames,
  selectNothing,
} from './table';

/** Files with their columns in the same order. */
interface Layout {
  readonly files: DataFile[];
  /** By position; '' for a column without a name, which cannot be requested. */
  readonly columns: readonly string[];
}

/**
 * Reads no rows, but the header lines.
 *
 * @throws ExportError SOURCE_MALFORMED, SOURCE_UNREADABLE
 */
export async function openCsv(
  what: string,
  files: readonly DataFile[],
  format: CsvFormat,
): Promise<TextTable> {
  const layouts = await layoutsOf(what, files, format);
  const columns = (layouts[0]?.columns ?? format.columns ?? []).filter((name) => name !== '');
  checkNames(what, columns);
  checkSame(what, layouts);
  return {
    columns,
    unreadable: [],
    select: (wanted, options = {}) =>
      layouts.length === 0
        ? selectNothing(wanted, options)
        : layouts.map((layout) => selectLayout(layout, format, { wanted, ...options })).join(' UNION ALL '),
    locate: (file, request) =>
      locate(file, format, {
        ...request,
        columns: layouts.find((layout) => layout.files.includes(file))?.columns ?? [],
      }),
  };
}

async function layoutsOf(what: string, files: readonly DataFile[], format: CsvFormat): Promise<Layout[]> {
  const layouts = new Map<string, Layout>();
  for (const file of files) {
    await checkByteOrderMark(file, format.encoding);
    const columns = format.columns ?? (await readHeader(file, format));
    // Programs that write partitions leave empty files.
    if (!columns) continue;
    const key = JSON.stringify(columns);
    const layout = layouts.get(key) ?? { files: [], columns };
    layout.files.push(file);
    layouts.set(key, layout);
  }
  if (layouts.size === 0 && format.header) {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${what}: ${files.map((file) => file.name).join(', ')} is empty; its first line has to name the columns. Write at least the header line.`,
    );
  }
  return [...layouts.values()];
}

async function readHeader(file: DataFile, format: CsvFormat): Promise<string[] | undefined> {
  for await (const record of readRecords(readText(file, format.encoding), format)) {
    const columns = record.values.map((name) => name.trim());
    if (record.badQuote || columns.every((name) => name === '')) {
      throw new ExportError(
        'SOURCE_MALFORMED',
        `${file.name}: the first line has to name the columns, but ${record.badQuote ? 'a quote in it does not close' : 'it is empty'}. Correct the file.`,
      );
    }
    checkHeaderEncoding(file, columns);
    if (columns.some(holdsAddress)) throw notAHeader(file);
    return columns;
  }
  return undefined;
}

/** Dataverse has names like `owner@OData.Community.Display.V1.FormattedValue`. */
function holdsAddress(name: string): boolean {
  return /[^\s@]@(?!odata\.)[^\s@]+\.[a-z]{2}/i.test(name);
}

/** Messages list the names of columns and pass through Temporal: no row of a contact may be in one. */
function notAHeader(file: DataFile): ExportError {
  return new ExportError(
    'SOURCE_MALFORMED',
    `${file.name}: the first line has to name the columns, but it contains an e-mail address, so it is a row. Write a header line, or set csv.header: false and columns.`,
  );
}

function checkSame(what: string, layouts: readonly Layout[]): void {
  // Without the names, which may be a row of a file without a header line.
  const sorted = layouts.map((layout) => layout.columns.filter((name) => name !== '').toSorted());
  const odd = layouts.find((_, index) => String(sorted[index]) !== String(sorted[0]));
  if (!odd) return;
  const [first] = layouts;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${what}: the files differ in their columns. The first line of ${first?.files[0]?.name} names ${first?.columns.length}, that of ${odd.files[0]?.name} names ${odd.columns.length} or others. Make them the same, in any order.`,
  );
}

function selectLayout(
  layout: Layout,
  format: CsvFormat,
  { wanted, count = false, file = false }: SelectOptions & { readonly wanted: readonly string[] },
): string {
  const columns = wanted.map((name) => `nullif(c${layout.columns.indexOf(name)}, '') AS ${quoteName(name)}`);
  if (file) columns.push(quoteName(FILE_COLUMN));
  const options = [
    ...CSV_OPTIONS,
    `header = ${format.header}`,
    `delim = ${quoteText(format.delimiter)}`,
    `quote = ${quoteText(format.quote)}`,
    `escape = ${quoteText(format.escape)}`,
    `encoding = ${quoteText(format.encoding)}`,
    `nullstr = ${quoteTexts(['', ...(format.nullText === undefined ? [] : [format.nullText])])}`,
    // By position: DuckDB never sees the names, so it cannot rename them. All text: it cannot guess dates either.
    `columns = {${layout.columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ')}}`,
    count ? 'store_rejects = true' : 'ignore_errors = true',
    ...(file ? [`filename = ${quoteText(FILE_COLUMN)}`] : []),
  ];
  const paths = quoteTexts(layout.files.map(({ readable }) => readable));
  // In a file of one column an empty line is not a line with too few columns but a row.
  const where = layout.columns.length === 1 ? ' WHERE c0 IS NOT NULL' : '';
  return `SELECT ${columns.join(', ')} FROM read_csv(${paths}, ${options.join(', ')})${where}`;
}

/**
 * The number of lines that open quotes lose, counted in the file: DuckDB reports one error however many rows it has lost.
 *
 * @throws ExportError SOURCE_MALFORMED when a quote stays open to the end of the file
 */
export async function measureBadQuotes(file: DataFile, format: CsvFormat): Promise<number> {
  let lines = 0;
  for await (const record of readRecords(readText(file, format.encoding), format)) {
    if (record.unclosed) throw unclosed(file, record.line);
    if (record.badQuote) lines += record.lines;
  }
  return lines;
}

function unclosed(file: DataFile, line: number): ExportError {
  return new ExportError(
    'SOURCE_MALFORMED',
    `${file.name}: a quote that opens in the record on line ${line} never closes, so that all lines after it are lost. Correct the line, or set csv.quote to a character that the file does not use.`,
    { details: { line } },
  );
}

async function locate(
  file: DataFile,
  format: CsvFormat,
  { columns, faults, key, limit }: LocateRequest & { readonly columns: readonly string[] },
): Promise<Fault[]> {
  const keyAt = key === undefined ? -1 : columns.indexOf(key);
  const found: Fault[] = [];
  let first = format.header;
  for await (const record of readRecords(readText(file, format.encoding), format)) {
    const fault = first
      ? undefined
      : faultOf(record, { columns: columns.length, keyAt, nullText: format.nullText });
    first = false;
    if (fault !== undefined && faults.has(fault)) found.push({ line: record.line, fault });
    if (found.length === limit) break;
  }
  return found;
}

interface Expected {
  readonly columns: number;
  readonly keyAt: number;
  readonly nullText: string | undefined;
}

function faultOf(
  { values, badQuote, length }: CsvRecord,
  { columns, keyAt, nullText }: Expected,
): string | undefined {
  // An empty line is not a record.
  if (values.length === 1 && values[0] === '') return undefined;
  if (badQuote) return 'UNQUOTED VALUE';
  if (length > MAX_LINE) return 'LINE SIZE OVER MAXIMUM';
  if (values.some((value) => value.includes('\uFFFD'))) return 'INVALID ENCODING';
  if (values.length < columns) return 'MISSING COLUMNS';
  // DuckDB accepts delimiters at the end of a line.
  if (values.slice(columns).some((value) => value !== '')) return 'TOO MANY COLUMNS';
  const key = values[keyAt];
  if (key === undefined) return undefined;
  return key.trim() === '' || key === nullText ? 'EMPTY KEY' : undefined;
}
