import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { ExportError } from '../../errors';
import { checkHeaderEncoding } from './check-dialect';
import { holdsAddress } from './column-names';
import { MAX_COLUMNS } from './csv-records';
import type { DataFile } from './data-file';
import { COPIED, type CsvFormat } from './format';
import { type Surveyed, type Workplace, faultOf, isBlank, surveyFile, visitRecords } from './survey';
import {
  CSV_OPTIONS,
  FAULTS_SHOWN,
  FILE_COLUMN,
  type Fault,
  type SelectOptions,
  type TextTable,
  isEmptyText,
  selectNothing,
} from './table';

/** A file with its columns by position; '' for a column without a name, which cannot be requested. */
interface NamedFile {
  readonly file: DataFile;
  readonly columns: readonly string[];
}

/** Files that one statement reads. */
interface Layout {
  readonly files: DataFile[];
  readonly columns: readonly string[];
  readonly isCopy: boolean;
  readonly lineBreak: string;
}

export interface OpenOptions extends Workplace {
  /** For messages. */
  readonly what: string;
  /** Whether rows are wanted too. */
  readonly withRows: boolean;
}

/**
 * Reads the header lines, and looks at all rows if they are wanted.
 *
 * @throws ExportError SOURCE_MALFORMED, SOURCE_UNREADABLE
 */
export async function openCsv(
  files: readonly DataFile[],
  format: CsvFormat,
  options: OpenOptions,
): Promise<TextTable> {
  const named = await nameFiles(files, format, options);
  const columns = (named[0]?.columns ?? format.columns ?? []).filter((name) => name !== '');
  checkSame(options.what, named);
  const surveyed = options.withRows ? await surveyAll(named, format, options) : [];
  const layouts = layoutsOf(surveyed);
  return {
    columns,
    files: surveyed.map(({ file }) => file),
    ...(options.withRows && { rows: surveyed.reduce((sum, { rows }) => sum + rows, 0) }),
    unreadable: surveyed.map(({ unreadable }) => unreadable).filter(({ lines }) => lines > 0),
    select: (wanted, selectOptions = {}) =>
      layouts.length === 0
        ? selectNothing(wanted, selectOptions)
        : layouts
            .map((layout) => selectLayout(layout, format, { wanted, ...selectOptions }))
            .join(' UNION ALL '),
    locate: async (file, key) => {
      const found = surveyed.find((other) => other.file === file);
      return found && key !== undefined ? locateEmptyKeys(found, format, { ...options, key }) : [];
    },
  };
}

async function nameFiles(
  files: readonly DataFile[],
  format: CsvFormat,
  { what, signal }: OpenOptions,
): Promise<NamedFile[]> {
  const named: NamedFile[] = [];
  for (const file of files) {
    const columns = format.columns ?? (await readHeader(file, format, signal));
    // Programs that write partitions leave empty files.
    if (columns) named.push({ file, columns });
  }
  if (named.length === 0 && format.header) {
    const names = files.slice(0, 3).map((file) => file.name);
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${what}: ${names.join(', ')} is empty; its first line has to name the columns. Write at least the header line.`,
    );
  }
  return named;
}

async function readHeader(
  file: DataFile,
  format: CsvFormat,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  let columns: string[] | undefined;
  await visitRecords(file, { format, signal, isDone: () => columns !== undefined }, (record) => {
    const problem = headerProblem(record);
    if (problem !== undefined) {
      throw new ExportError(
        'SOURCE_MALFORMED',
        `${file.name}: the first line has to name the columns, but ${problem}. Correct the file, or pass over the line with csv.skip.`,
      );
    }
    columns = record.values().map((name) => name.trim());
  });
  if (!columns) return undefined;
  checkHeaderEncoding(file, columns);
  if (columns.some(holdsAddress)) throw notAHeader(file);
  return columns;
}

function headerProblem(record: {
  readonly badQuote: boolean;
  readonly tooLong: boolean;
  readonly columns: number;
}): string | undefined {
  if (record.badQuote) return 'a quote in it does not close';
  if (record.tooLong) return 'it is longer than 2 MB';
  return record.columns > MAX_COLUMNS ? `it names more than ${MAX_COLUMNS}` : undefined;
}

/** Messages list the names of columns and pass through Temporal: no row of a contact may be in one. */
function notAHeader(file: DataFile): ExportError {
  return new ExportError(
    'SOURCE_MALFORMED',
    `${file.name}: the first line has to name the columns, but it contains an e-mail address, so it is a row. Write a header line, or set csv.header: false and columns.`,
  );
}

function checkSame(what: string, named: readonly NamedFile[]): void {
  // Without the names, which may be a row of a file without a header line.
  const sorted = named.map(({ columns }) => columns.filter((name) => name !== '').toSorted());
  const odd = named.find((_, index) => String(sorted[index]) !== String(sorted[0]));
  if (!odd) return;
  const [first] = named;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${what}: the files differ in their columns. The first line of ${first?.file.name} names ${first?.columns.length}, that of ${odd.file.name} names ${odd.columns.length} or others. Make them the same, in any order.`,
  );
}

interface SurveyedFile extends Surveyed {
  readonly columns: readonly string[];
}

async function surveyAll(
  named: readonly NamedFile[],
  format: CsvFormat,
  { folder, signal }: OpenOptions,
): Promise<SurveyedFile[]> {
  const surveyed: SurveyedFile[] = [];
  for (const { file, columns } of named) {
    const survey = await surveyFile(file, { format, columns: columns.length, folder, signal });
    surveyed.push({ ...survey, columns });
  }
  return surveyed;
}

function layoutsOf(surveyed: readonly SurveyedFile[]): Layout[] {
  const layouts = new Map<string, Layout>();
  for (const { file, columns, isCopy, lineBreak } of surveyed) {
    const key = JSON.stringify([columns, isCopy, lineBreak]);
    const layout = layouts.get(key) ?? { files: [], columns, isCopy, lineBreak };
    layout.files.push(file);
    layouts.set(key, layout);
  }
  return [...layouts.values()];
}

function selectLayout(
  layout: Layout,
  format: CsvFormat,
  { wanted, file = false }: SelectOptions & { readonly wanted: readonly string[] },
): string {
  const columns = wanted.map(
    (name) => `${valueOf(`c${layout.columns.indexOf(name)}`, format)} AS ${quoteName(name)}`,
  );
  if (file) columns.push(quoteName(FILE_COLUMN));
  const { delimiter, quote, escape } = layout.isCopy ? COPIED.dialect : format.dialect;
  const options = [
    ...CSV_OPTIONS,
    `header = ${format.header && !layout.isCopy}`,
    `new_line = ${quoteText(layout.lineBreak)}`,
    `delim = ${quoteText(delimiter)}`,
    `quote = ${quoteText(quote)}`,
    `escape = ${quoteText(escape)}`,
    // By position: DuckDB never sees the names, so it cannot rename them. All text: it cannot guess dates either.
    `columns = {${layout.columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ')}}`,
    ...(file ? [`filename = ${quoteText(FILE_COLUMN)}`] : []),
  ];
  const paths = quoteTexts(layout.files.map(({ readable }) => readable));
  return `SELECT ${columns.join(', ')} FROM read_csv(${paths}, ${options.join(', ')})`;
}

/** SQL: a value, or NULL where the text means none. */
function valueOf(column: string, { nullTexts }: CsvFormat): string {
  if (nullTexts.length === 0) return `nullif(${column}, '')`;
  const texts = nullTexts.map(quoteText).join(', ');
  return `CASE WHEN trim(${column}) IN (${texts}) THEN NULL ELSE nullif(${column}, '') END`;
}

async function locateEmptyKeys(
  { file, columns }: SurveyedFile,
  format: CsvFormat,
  { key, signal }: OpenOptions & { readonly key: string },
): Promise<Fault[]> {
  const keyAt = columns.indexOf(key);
  const found: Fault[] = [];
  const isDone = () => found.length === FAULTS_SHOWN;
  await visitRecords(file.original ?? file, { format, signal, isDone }, (record, isHeader) => {
    const hasKey = !isHeader && !isBlank(record);
    if (!hasKey || faultOf(record, file, { format, columns: columns.length }) !== undefined) return;
    const value = record.values()[keyAt] ?? '';
    if (isEmptyText(value) || format.nullTexts.includes(value.replaceAll(/^ +| +$/g, ''))) {
      found.push({ line: record.line, fault: 'EMPTY KEY' });
    }
  });
  return found;
}
