import type { Database } from '../../duckdb/database';
import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import type { DataFile } from './data-file';
import {
  NEVER_IN_JSON,
  type Surveyed,
  type TextFormat,
  type Workplace,
  isBlank,
  surveyFile,
  visitRecords,
} from './survey';
import {
  CSV_OPTIONS,
  FAULTS_SHOWN,
  FILE_COLUMN,
  type Fault,
  type SelectOptions,
  type TextTable,
  type UnreadableCount,
  isEmptyText,
  selectNothing,
} from './table';

const LINES: TextFormat = { dialect: undefined, header: false, skip: 0 };

// Read as lines of text, one column: DuckDB's JSON reader would drop broken lines without counting them.
const LINE_OPTIONS = [
  ...CSV_OPTIONS,
  'header = false',
  `delim = '${NEVER_IN_JSON}'`,
  "quote = ''",
  "escape = ''",
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

/** Reads all lines once, since any line may bring another column. */
export async function openNdjson(
  files: readonly DataFile[],
  database: Database,
  workplace: Workplace,
): Promise<TextTable> {
  const filled: Surveyed[] = [];
  for (const file of files) {
    if (file.size > 0) filled.push(await surveyFile(file, { ...workplace, format: LINES, columns: 1 }));
  }
  const survey = filled.length === 0 ? [] : await database.rows<SurveyRow>(surveySql(filled));
  return {
    columns: columnsOf(survey),
    files: filled.map(({ file }) => file),
    unreadable: [...filled.map(({ unreadable }) => unreadable), ...invalidLines(survey, filled)].filter(
      ({ lines }) => lines > 0,
    ),
    select: (wanted, options = {}) =>
      filled.length === 0 ? selectNothing(wanted, options) : selectValues(filled, wanted, options),
    locate: (file, key) => locate(file, key, workplace.signal),
  };
}

function surveySql(files: readonly Surveyed[]): string {
  return `
    SELECT "${FILE_COLUMN}" AS file,
      CASE WHEN ${IS_OBJECT} THEN NULL WHEN json_valid(line) THEN 'NOT AN OBJECT' ELSE 'INVALID JSON' END AS fault,
      CASE WHEN ${IS_OBJECT} THEN json_keys(line) END AS keys,
      count(*) AS lines
    FROM ${readLines(files)}
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

/** Lines that are no JSON object. `locate` finds them: DuckDB does not number lines. */
function invalidLines(survey: readonly SurveyRow[], files: readonly Surveyed[]): UnreadableCount[] {
  return files.map(({ file: { path, readable } }) => {
    const faulty = survey.filter(({ file, fault }) => file === readable && fault !== null);
    return { path, lines: faulty.reduce((sum, row) => sum + row.lines, 0) };
  });
}

function selectValues(
  files: readonly Surveyed[],
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
      FROM ${readLines(files)}
    )
    WHERE x IS NOT NULL`;
}

function readLines(files: readonly Surveyed[]): string {
  const lineBreaks = [...new Set(files.map(({ lineBreak }) => lineBreak))];
  const reads = lineBreaks.map((lineBreak) => {
    const same = files.filter((file) => file.lineBreak === lineBreak);
    const paths = quoteTexts(same.map(({ file }) => file.readable));
    return `FROM read_csv(${paths}, ${LINE_OPTIONS.join(', ')}, new_line = ${quoteText(lineBreak)})`;
  });
  return `(${reads.join(' UNION ALL ')})`;
}

async function locate(file: DataFile, key: string | undefined, signal: AbortSignal): Promise<Fault[]> {
  const found: Fault[] = [];
  const isDone = () => found.length === FAULTS_SHOWN;
  await visitRecords(file.original ?? file, { format: LINES, signal, isDone }, (record) => {
    // Other lines were counted, with their numbers, before.
    if (isBlank(record) || record.tooLong || !record.isText) return;
    const fault = faultOf(record.values()[0] ?? '', key);
    if (fault !== undefined) found.push({ line: record.line, fault });
  });
  return found;
}

function faultOf(text: string, key: string | undefined): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'INVALID JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'NOT AN OBJECT';
  if (key === undefined) return undefined;
  const name = (value as Record<string, unknown>)[key];
  return name === undefined || name === null || (typeof name === 'string' && isEmptyText(name))
    ? 'EMPTY KEY'
    : undefined;
}
