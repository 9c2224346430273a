import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from '../../support/fast-check';
import type { Database } from '../../../src/duckdb/database';
import { openDatabase } from '../../../src/duckdb/open';
import { ExportError } from '../../../src/errors';
import { type CsvRecord, RecordScanner } from '../../../src/sources/files/csv-records';
import { findTables, openTable } from '../../../src/sources/files/open-tables';
import { FolderRoot } from '../../../src/sources/root/folder-root';
import { type CsvCase, contentOf, csvCase } from './csv-model';

/** More with e.g. `FUZZ_RUNS=100000 npx jest test/sources/files/csv-fuzz`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);
const TIMEOUT_MS = 60_000 + RUNS * 400;
const COLUMNS = ['a', 'b', 'c'];

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-fuzz-'));
  database = await openDatabase({ folder, memoryLimit: '128MB', threads: 2, allow: [folder] });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

const { signal } = new AbortController();

/** What a source reads of a file. */
async function read({ bytes, columns, skip, nullTexts, ...csv }: CsvCase) {
  await writeFile(join(folder, 'any.csv'), bytes);
  const nullText = nullTexts.length === 0 ? undefined : [...nullTexts];
  const names = COLUMNS.slice(0, columns);
  const table = { path: 'any.csv', columns: names, csv: { ...csv, header: false, skip, nullText } };
  const options = { root: new FolderRoot(folder), folder, signal };
  const [found] = await findTables([{ id: 't', what: 't', table, required: [] }], options);
  const opened = await openTable(database, found!, options);
  const rows = await database.rows<Record<string, string | null>>(opened.select(names));
  const lines = opened.unreadable.reduce((sum, count) => sum + count.lines, 0);
  return {
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    lines,
    first: opened.unreadable.flatMap(({ first = [] }) => first),
  };
}

function inAnyOrder(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

/** What was read, or why it was refused. Any other error is thrown: it would be a crash. */
async function outcomeOf(csv: CsvCase): Promise<unknown> {
  try {
    const { rows, ...counts } = await read(csv);
    return { rows: inAnyOrder(rows), ...counts };
  } catch (error) {
    if (!(error instanceof ExportError) || error.code !== 'SOURCE_MALFORMED') throw error;
    return error.message.includes('Set csv.delimiter') ? 'no row with this delimiter' : 'open quote';
  }
}

/** A file without a row may be refused, if another delimiter gives it some. */
function expectedOf(csv: CsvCase, outcome: unknown): unknown {
  const { isUnclosed, rows, lines, first } = contentOf(csv);
  if (isUnclosed) return 'open quote';
  const mayBeRefused = rows.length === 0 && lines > 0;
  return mayBeRefused && typeof outcome === 'string'
    ? 'no row with this delimiter'
    : { rows: inAnyOrder(rows), lines, first };
}

test(
  'A CSV file of any bytes is read with exact rows and counts, or refused with an ExportError',
  async () => {
    await fc.assert(
      fc.asyncProperty(csvCase, async (csv) => {
        const outcome = await outcomeOf(csv);
        expect(outcome).toEqual(expectedOf(csv, outcome));
      }),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);

function copyOf(record: CsvRecord): object {
  const { line, lines, columns, filled, badQuote, unclosed, isStrict, isText } = record;
  return { line, lines, columns, filled, badQuote, unclosed, isStrict, isText, values: record.values() };
}

function recordsOf(pieces: readonly Buffer[], { delimiter, quote, escape, skip }: CsvCase): object[] {
  const records: object[] = [];
  const options = { dialect: { delimiter, quote, escape }, skip, recordsAreLines: false };
  const scanner = new RecordScanner(options, (record) => records.push(copyOf(record)));
  for (const piece of pieces) scanner.push(piece);
  scanner.end();
  return records;
}

test(
  'A CSV file has the same records, in whatever pieces it is read',
  () => {
    const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 10 });
    fc.assert(
      fc.property(csvCase, cuts, (csv, at) => {
        const ends = [...at.toSorted((a, b) => a - b), csv.bytes.length];
        const pieces = ends.map((end, index) => csv.bytes.subarray(ends[index - 1] ?? 0, end));
        expect(recordsOf(pieces, csv)).toEqual(recordsOf([csv.bytes], csv));
      }),
      { numRuns: RUNS * 5 },
    );
  },
  TIMEOUT_MS,
);
