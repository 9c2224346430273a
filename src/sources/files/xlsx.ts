import { ExportError } from '../../errors';
import type { DataFile } from './data-file';
import type { CsvFormat } from './format';

export async function convertSheet(
  file: DataFile,
  _format: CsvFormat,
  _options: { folder: string; number: number },
): Promise<DataFile> {
  throw new ExportError('SOURCE_UNREADABLE', file.name);
}
