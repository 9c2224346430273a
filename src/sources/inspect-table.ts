import { type DetectedCsv, detectCsv } from './files/detect-csv';
import { findFiles } from './files/find-files';
import { formatOf } from './files/format';
import { findTables, openTable } from './files/open-tables';
import { sandboxOf, withDatabase } from './files/reading';
import type { SourceOptions } from './options';
import { withScratchFolder } from './scratch-folder';

export interface InspectedTable {
  readonly columns: readonly string[];
  /** Undefined where the file is no CSV file. */
  readonly csv?: DetectedCsv;
}

/**
 * Finds out how a file of profiles has to be read, before there is a configuration.
 *
 * @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID
 */
export async function inspectTable(path: string, options: SourceOptions): Promise<InspectedTable> {
  const { baseFolder } = options;
  const what = 'profiles';
  const format = formatOf(what, { path });
  const isCsv = format.kind === 'csv' && !format.spreadsheet;
  const [file] = await findFiles(path, { baseFolder, what });
  const { signal } = new AbortController();
  const csv = isCsv && file ? await detectCsv(file, signal) : undefined;
  const table = { path, ...(csv && { csv: csvSection(csv) }) };
  return withScratchFolder(options, async (folder) => {
    const spec = { id: what, what, table, required: [] };
    const opening = { baseFolder, folder, columnsOnly: true, signal };
    const found = await findTables([spec], opening);
    return withDatabase({ options, stopped: signal }, sandboxOf(folder, found), async (database) => {
      const [first] = found;
      const { columns } = await openTable(database, first!, opening);
      return { columns, ...(csv && { csv }) };
    });
  });
}

function csvSection({ delimiter = ',', encoding = 'utf-8' }: DetectedCsv) {
  return { delimiter, encoding, quote: '"', escape: '"', header: true };
}
