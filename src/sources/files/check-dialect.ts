import { ExportError } from '../../errors';
import type { DataFile } from './data-file';
import { detectDelimiter } from './detect-csv';
import type { CsvFormat } from './format';

/**
 * Header lines of files in another encoding: they would only be names that nothing matches.
 * @throws ExportError SOURCE_MALFORMED
 */
export function checkHeaderEncoding(file: DataFile, header: readonly string[]): void {
  const text = header.join('');
  // Every second byte of UTF-16 is a NUL, and which one shows its order.
  const isWide = text.split('\0').length - 1 > text.length / 3;
  if (!isWide && !text.includes('\uFFFD')) return;
  throw new ExportError(
    'SOURCE_MALFORMED',
    isWide
      ? `${file.name} looks like UTF-16. Set csv.encoding: ${text.startsWith('\0') ? 'utf-16be' : 'utf-16'} for it, or save it as UTF-8.`
      : `${file.name} is not in the configured encoding. Set csv.encoding, probably to windows-1252, or save it as UTF-8.`,
  );
}

/**
 * A file that is split at another character than configured has one long column, or no row with as many values as it has columns.
 * @param columns as the configured delimiter splits the header @throws ExportError SOURCE_MALFORMED
 */
export async function checkDelimiter(
  file: DataFile,
  columns: number,
  { format, signal }: { readonly format: CsvFormat; readonly signal: AbortSignal },
): Promise<void> {
  const { delimiter } = format.dialect;
  const detected = await detectDelimiter(file, { format, signal });
  if (detected === delimiter) return;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${file.name} has ${columns === 1 ? 'one column' : `${columns} columns`} when it is split at ` +
      `${quoted(delimiter)}, and more at ${quoted(detected)}. Set csv.delimiter: ${quoted(detected)} for it.`,
  );
}

/** As YAML writes it. */
function quoted(delimiter: string): string {
  return delimiter === '\t' ? String.raw`"\t"` : `'${delimiter}'`;
}
