import type { Database } from '../../duckdb/database';
import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { type DataFile, checkByteOrderMark, readText } from './data-file';
import {
  CSV_OPTIONS,
  FILE_COLUMN,
  type Fault,
  type LocateRequest,
  type UnreadableCount,
  type SelectOptions,
  type TextTable,
  checkNames,
  selectNothing,
} from './table';

// Read as lines of text, one column: DuckDB's JSON reader would drop broken lines without counting them.
// The delimiter is a control character, which JSON does not allow.
const LINE_OPTIONS = [
  ...CSV_OPTIONS,
  'header = false',
  "delim = '\u0001'",
  "quote = ''",
  "escape = ''",
  // Nothing is quoted, so strictness would only refuse files that mix line breaks.
  'strict_mode = false',
  "columns = {'line': 'VARCHAR'}",
  `filename = ${quoteText(FILE_COLUMN)}`,
];

// DuckDB's parser accepts more than JSON: NaN, and a comma before the closing brace.
const IS_OBJECT = `(json_valid(line) AND starts_with(ltrim(line), '{'))`;

interface SurveyRow {
  readonly file: string;
  readonly fault: string | null;
  readonly keys: readonly string[] | null;
  readonly lines: number;
}

/**
 * Reads all lines once, since any line may bring another column.
 *
 * @throws ExportError SOURCE_MALFORMED
 */
export async function openNdjson(
  what: string,
  files: readonly DataFile[],
  database: Database,
): Promise<TextTable> {
  for (const file of files) await checkByteOrderMark(file, 'utf-8');
  const filled = files.filter((file) => file.size > 0);
  const survey = filled.length === 0 ? [] : await database.rows<SurveyRow>(surveySql(filled));
  const columns = columnsOf(survey);
  checkNames(what, columns);
  return {
    columns,
    unreadable: unreadableOf(survey, filled),
    select: (wanted, options = {}) =>
      filled.length === 0 ? selectNothing(wanted, options) : selectValues(filled, wanted, options),
    locate,
  };
}

function surveySql(files: readonly DataFile[]): string {
  return `
    SELECT "${FILE_COLUMN}" AS file,
      CASE WHEN ${IS_OBJECT} THEN NULL WHEN json_valid(line) THEN 'NOT AN OBJECT' ELSE 'INVALID JSON' END AS fault,
      CASE WHEN ${IS_OBJECT} THEN json_keys(line) END AS keys,
      count(*) AS lines
    FROM ${readLines(files, 'store_rejects = true')}
    WHERE trim(line) <> ''
    GROUP BY ALL`;
}

/** The union of the names; those of the fullest objects come first, in their order. */
function columnsOf(survey: readonly SurveyRow[]): string[] {
  const lists = survey
    .flatMap(({ keys }) => (keys ? [keys] : []))
    .toSorted((a, b) => b.length - a.length || (String(a) < String(b) ? -1 : 1));
  // SQL does not allow an empty name.
  return [...new Set(lists.flat())].filter((name) => name !== '');
}

function unreadableOf(survey: readonly SurveyRow[], files: readonly DataFile[]): UnreadableCount[] {
  return files.flatMap(({ path, readable }) => {
    const faulty = survey.filter(({ file, fault }) => file === readable && fault !== null);
    const lines = faulty.reduce((sum, row) => sum + row.lines, 0);
    return lines === 0 ? [] : [{ path, lines, faults: faulty.map(({ fault }) => String(fault)) }];
  });
}

function selectValues(
  files: readonly DataFile[],
  wanted: readonly string[],
  { file = false }: SelectOptions,
): string {
  const columns = wanted.map((name, index) => `nullif(x[${index + 1}], '') AS ${quoteName(name)}`);
  if (file) columns.push(quoteName(FILE_COLUMN));
  const pointers = wanted.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return `
    SELECT ${columns.join(', ')}
    FROM (
      SELECT "${FILE_COLUMN}", CASE WHEN ${IS_OBJECT} THEN json_extract_string(line, ${quoteTexts(pointers)}) END AS x
      FROM ${readLines(files, 'ignore_errors = true')}
    )
    WHERE x IS NOT NULL`;
}

function readLines(files: readonly DataFile[], option: string): string {
  const paths = quoteTexts(files.map(({ readable }) => readable));
  return `read_csv(${paths}, ${LINE_OPTIONS.join(', ')}, ${option})`;
}

async function locate(file: DataFile, { faults, key, limit }: LocateRequest): Promise<Fault[]> {
  const found: Fault[] = [];
  let line = 0;
  for await (const text of readLinesOf(readText(file))) {
    line += 1;
    const fault = text.trim() === '' ? undefined : faultOf(text, key);
    if (fault !== undefined && faults.has(fault)) found.push({ line, fault });
    if (found.length === limit) break;
  }
  return found;
}

async function* readLinesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    // A pair of CR and LF may lie across two chunks.
    const text = rest + chunk;
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? '') + text.slice(whole.length);
    yield* lines;
  }
  yield rest;
}

function faultOf(text: string, key: string | undefined): string | undefined {
  if (text.includes('\uFFFD')) return 'INVALID ENCODING';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'INVALID JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'NOT AN OBJECT';
  if (key === undefined) return undefined;
  const name = (value as Record<string, unknown>)[key];
  return name === undefined || name === null || (typeof name === 'string' && name.trim() === '')
    ? 'EMPTY KEY'
    : undefined;
}
