import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ExportError } from '../../errors';
import { type CsvRecord, type Dialect, RecordScanner } from './csv-records';
import { type DataFile, readText, writeTo } from './data-file';
import { UTF_8 } from './decoding';
import { FAULTS_SHOWN, type Fault, type UnreadableCount } from './table';

/** How the records of a file are found. */
export interface TextFormat {
  /** Undefined for lines of text. */
  readonly dialect: Dialect | undefined;
  readonly header: boolean;
  /** Lines before the header or the first row. */
  readonly skip: number;
}

/** Where copies of files go. */
export interface Workplace {
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface SurveyOptions extends Workplace {
  readonly format: TextFormat;
  /** How many values a row has. */
  readonly columns: number;
}

export interface Surveyed {
  /** What DuckDB reads. Its rows are those that can be used. */
  readonly file: DataFile;
  /** It has `quotedRow`s, and no header. */
  readonly isCopy: boolean;
  /** As DuckDB's option `new_line` has it. Left to itself, DuckDB takes the first line break between quotes for that of lines. */
  readonly lineBreak: string;
  readonly rows: number;
  readonly unreadable: UnreadableCount;
}

/**
 * Looks at every record of a file. DuckDB reads the file itself if all of its rows can be used and are written in DuckDB's way, and otherwise
 * a copy of those that can be used.
 *
 * @throws ExportError SOURCE_MALFORMED when a quote stays open to the end of the file
 */
export async function surveyFile(file: DataFile, options: SurveyOptions): Promise<Surveyed> {
  const first: Fault[] = [];
  let [rows, lines] = [0, 0];
  // Until the first record is known not to come after lines that are none.
  let isRegular = false;
  let isFirst = true;
  const scanner = await visitRecords(file, options, (record, isHeader) => {
    if (record.unclosed) throw unclosed(file, record.line);
    if (isFirst) isRegular = record.line === 1;
    isFirst = false;
    if (isHeader) return;
    const fault = faultOf(record, file, options);
    if (fault !== undefined) {
      lines += record.badQuote ? record.lines : 1;
      if (first.length < FAULTS_SHOWN) first.push({ line: record.line, fault });
    } else if (!isBlank(record)) {
      rows += 1;
    }
    if (fault !== undefined || !isRegularRecord(record, options)) isRegular = false;
  });
  const { lf, crlf, cr } = scanner.ends;
  const counted = { rows, unreadable: { path: file.path, lines, first } };
  if (isRegular && cr === 0 && (lf === 0 || crlf === 0)) {
    return { file, isCopy: false, lineBreak: crlf > 0 ? CR_LF : LF, ...counted };
  }
  const readable = join(options.folder, `regular-${randomUUID()}`);
  await writeTo(readable, usableRows(file, options));
  const copy = { ...file, readable, gzip: false, encoding: UTF_8, original: file };
  return { file: copy, isCopy: true, lineBreak: LF, ...counted };
}

const LF = String.raw`\n`;
const CR_LF = String.raw`\r\n`;

/** Whether DuckDB takes it for the same row, or for none. */
function isRegularRecord(record: CsvRecord, { format: { dialect }, columns }: SurveyOptions): boolean {
  // In a file of one column, DuckDB takes an empty line for a row.
  if (isBlank(record)) return record.isEmpty && (columns > 1 || dialect === undefined);
  return record.isStrict && record.columns === columns;
}

/** The rows of a file that can be used. */
async function* usableRows(file: DataFile, options: SurveyOptions): AsyncGenerator<string> {
  const { format, columns, signal } = options;
  const write = format.dialect ? quotedRow : ([line]: readonly string[]) => `${line}\n`;
  let text = '';
  const scanner = scannerOf(file, format, (record, isHeader) => {
    if (isHeader || isBlank(record) || faultOf(record, file, options) !== undefined) return;
    text += write(record.values().slice(0, columns));
  });
  for await (const bytes of readText(file, signal)) {
    scanner.push(bytes);
    yield text;
    text = '';
  }
  scanner.end();
  yield text;
}

/** Everything between quotes: the one way of writing that every reader of CSV takes for the same. */
export function quotedRow(values: readonly string[]): string {
  return `${values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')}\n`;
}

type Visit = (record: CsvRecord, isHeader: boolean) => void;

interface VisitOptions {
  readonly format: TextFormat;
  readonly signal: AbortSignal;
  /** Asked before each record. @default never */
  readonly isDone?: () => boolean;
}

/** Passes the header and the rows of a file, blank ones too, one by one to `visit`. @returns when the file is at its end, or `isDone` */
export async function visitRecords(
  file: DataFile,
  { format, signal, isDone = () => false }: VisitOptions,
  visit: Visit,
): Promise<RecordScanner> {
  const scanner = scannerOf(file, format, (record, isHeader) => {
    if (!isDone()) visit(record, isHeader);
  });
  for await (const bytes of readText(file, signal)) {
    scanner.push(bytes);
    if (isDone()) return scanner;
  }
  scanner.end();
  return scanner;
}

function scannerOf(file: DataFile, { dialect, header, skip }: TextFormat, visit: Visit): RecordScanner {
  let awaitsHeader = header;
  let isFirst = true;
  const isSheet = file.isSheet === true;
  // Rows of a sheet that are to be passed over are blank in its copy.
  const options = { dialect, skip: isSheet ? 0 : skip, recordsAreLines: isSheet };
  return new RecordScanner(options, (record) => {
    const mayBeSeparator = isFirst;
    isFirst = false;
    if (mayBeSeparator && dialect && isSeparatorLine(record, dialect)) return;
    // Empty lines before the header are none of it.
    if (awaitsHeader && isBlank(record)) return;
    visit(record, awaitsHeader);
    awaitsHeader = false;
  });
}

/** `sep=;`, with which Excel begins files for itself. */
function isSeparatorLine(record: CsvRecord, { delimiter }: Dialect): boolean {
  return record.columns <= 2 && /^sep=.$/iu.test(record.values().join(delimiter));
}

/** A row without any value, such as Excel writes for rows that were emptied. */
export function isBlank({ filled, badQuote, tooLong }: CsvRecord): boolean {
  return filled === 0 && !badQuote && !tooLong;
}

/** JSON allows no control characters, and this one separates values where DuckDB reads lines. */
export const NEVER_IN_JSON = '\u0001';

/** What is wrong with a record; undefined for a row that can be used, and for a blank one. */
export function faultOf(
  record: CsvRecord,
  file: DataFile,
  { format, columns }: Pick<SurveyOptions, 'format' | 'columns'>,
): string | undefined {
  if (isBlank(record)) return undefined;
  if (record.badQuote) return 'UNQUOTED VALUE';
  if (record.tooLong) return 'LINE SIZE OVER MAXIMUM';
  if (!record.isText || (file.isTranscoded === true && record.hasReplacement)) return 'INVALID ENCODING';
  if (!format.dialect) return record.hasByte(NEVER_IN_JSON) ? 'INVALID JSON' : undefined;
  if (record.columns < columns) return 'MISSING COLUMNS';
  return record.filled > columns ? 'TOO MANY COLUMNS' : undefined;
}

function unclosed(file: DataFile, line: number): ExportError {
  return new ExportError(
    'SOURCE_MALFORMED',
    `${file.name}: a quote that opens in the record on line ${line} never closes, so that all lines after it are lost. Correct the line, or set csv.quote to a character that the file does not use.`,
    { details: { line } },
  );
}
