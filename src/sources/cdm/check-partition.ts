import { ExportError } from '../../errors';
import type { DataFile } from '../files/data-file';
import { type FileReading } from '../files/table-access';
import { faultOf, isBlank, visitRecords } from '../files/survey';
import type { CdmTable } from './model';

const ROWS = 20;

/**
 * Compares the first rows of a partition with the columns of its table. Positions alone say which value is which, so a file with other
 * columns would fill the fields of Mailchimp with wrong values; and whether Customer Insights writes a header line is documented nowhere.
 *
 * @throws ExportError SOURCE_MALFORMED
 */
export async function checkPartition(
  { name, columns }: CdmTable,
  file: DataFile,
  { format, signal }: FileReading,
): Promise<void> {
  const names = columns.map((column) => column.name);
  const headless = { ...format, header: false };
  const encoded = { ...file, encoding: format.encoding };
  let [hasHeader, rows, fitting, first] = [false, 0, 0, 0];
  const isDone = () => rows === ROWS;
  await visitRecords(encoded, { format: headless, signal, isDone }, (record) => {
    if (isBlank(record)) return;
    if (rows === 0 && !hasHeader && isHeader(record.values(), names)) {
      hasHeader = true;
      return;
    }
    if (rows === 0) first = record.columns;
    rows += 1;
    if (
      faultOf(record, encoded, { format: headless, columns: names.length }) !== 'MISSING COLUMNS' &&
      record.filled <= names.length
    )
      fitting += 1;
  });
  if (rows > 0 && fitting === 0) {
    throw malformed(
      file,
      `its rows have ${first} values, and the model has ${names.length} columns for table "${name}". Have Customer Insights export again, so that both are of one time`,
    );
  }
  if (hasHeader && !format.header) {
    throw malformed(
      file,
      'its first line has the names of the columns, but the model says that it has no header line. Set columnHeaders: true',
    );
  }
  if (!hasHeader && format.header && rows > 0) {
    throw malformed(
      file,
      `its first line does not have the names of the columns that the model has for table "${name}". If it has no header line, set columnHeaders: false; otherwise have Customer Insights export again`,
    );
  }
}

function isHeader(values: readonly string[], names: readonly string[]): boolean {
  return values.length === names.length && values.every((value, index) => value.trim() === names[index]);
}

function malformed({ name }: DataFile, problem: string): ExportError {
  return new ExportError('SOURCE_MALFORMED', `${name}: ${problem}.`);
}
