import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDate } from 'node:util/types';
import type * as ReadExcelFile from 'read-excel-file/node';
import { ExportError } from '../../errors';
import { type DataFile, type UnpackOptions, unreadable, writeTo } from './data-file';
import { UTF_8 } from './decoding';
import type { CsvFormat } from './format';
import { quotedRow } from './survey';

// The reader holds a sheet in memory, and reads it without a pause, in which the step's heartbeat would be missed: a file of 10 MB takes some
// ten seconds. In bytes.
const MOST_PACKED = 10_000_000;
const MOST_UNPACKED = 500_000_000;

/**
 * A copy of one sheet as CSV, each row on a line of its own.
 *
 * @throws ExportError SOURCE_MALFORMED, SOURCE_UNREADABLE, CONFIG_INVALID, DISK_FULL
 */
export async function convertSheet(
  file: DataFile,
  { skip, spreadsheet }: CsvFormat,
  { folder, number }: UnpackOptions,
): Promise<DataFile> {
  const rows = await readRows(file, spreadsheet?.sheet);
  const readable = join(folder, `sheet-${number}`);
  // Rows without values have to stay, so that the others keep their numbers.
  const lines = rows.map((row, index) => (index < skip ? '\n' : quotedRow(row.map(asText))));
  await writeTo(readable, inPieces(lines));
  return { ...file, readable, gzip: false, encoding: UTF_8, isSheet: true };
}

async function readRows(file: DataFile, sheet: string | undefined): Promise<readonly (readonly unknown[])[]> {
  const { readSheet } = loadReader(file);
  if (file.size > MOST_PACKED) throw tooLarge(file);
  const bytes = await readFile(file.path).catch((error: unknown) => {
    throw unreadable(file.path, error);
  });
  if (unpackedSize(bytes) > MOST_UNPACKED) throw tooLarge(file);
  try {
    return await readSheet(bytes, sheet, { trim: false });
  } catch (error) {
    throw (error as Error).name === 'SheetNotFoundError'
      ? new ExportError(
          'CONFIG_INVALID',
          `${file.name} has no sheet "${sheet}". Correct sheet in the configuration.`,
        )
      : new ExportError(
          'SOURCE_MALFORMED',
          `${file.name} could not be read as an .xlsx file. Save it as "Excel Workbook (.xlsx)", without a password, or as CSV.`,
        );
  }
}

/** `require`, since the package is installed only by those who need it. */
function loadReader(file: DataFile): typeof ReadExcelFile {
  try {
    return require('read-excel-file/node') as typeof ReadExcelFile;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      `${file.name} cannot be read: .xlsx files need the package read-excel-file, which is not installed. Install it beside this package (npm install read-excel-file), or save the file as CSV.`,
    );
  }
}

function tooLarge(file: DataFile): ExportError {
  return new ExportError(
    'SOURCE_MALFORMED',
    `${file.name} is too large for an .xlsx file, which has to be held in memory (limit: ${MOST_PACKED / 1_000_000} MB). Save it as CSV.`,
  );
}

const ENTRY_OF_ZIP = Buffer.from([0x50, 0x4b, 0x01, 0x02]);
const SIZE_IN_ENTRY = 24;

/** What the directory of a zip archive says. */
function unpackedSize(zip: Buffer): number {
  let size = 0;
  let at = zip.indexOf(ENTRY_OF_ZIP);
  while (at >= 0 && at + SIZE_IN_ENTRY + 4 <= zip.length) {
    size += zip.readUInt32LE(at + SIZE_IN_ENTRY);
    at = zip.indexOf(ENTRY_OF_ZIP, at + 1);
  }
  return size;
}

/** Dates as ISO 8601 writes them, without a time of midnight, which a cell for a date has. An error such as #N/A is no value. */
function asText(cell: unknown): string {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell);
  const isTime = isDate(cell) && !Number.isNaN(cell.getTime());
  return isTime ? cell.toISOString().replace(/(T00:00:00)?\.000Z$/, '') : '';
}

const LINES_OF_A_PIECE = 10_000;

async function* inPieces(lines: readonly string[]): AsyncGenerator<string> {
  for (let at = 0; at < lines.length; at += LINES_OF_A_PIECE) {
    yield lines.slice(at, at + LINES_OF_A_PIECE).join('');
  }
}
