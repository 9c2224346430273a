import { type DetectedCsv, detectCsv } from './files/detect-csv';
import { formatOf } from './files/format';
import { findTables, openTable } from './files/open-tables';
import { sandboxOf } from './files/reading';
import { withDatabase } from './files/with-database';
import type { SourceOptions } from './options';
import { FolderRoot } from './root/folder-root';
import { withScratchFolder } from './scratch-folder';

export interface InspectedTable {
  readonly columns: readonly string[];
  /** Undefined where the file is no CSV file. */
  readonly csv?: DetectedCsv;
}

/**
 * Finds out how a file has to be read, before there is a configuration.
 *
 * @param file `what` names it in errors: `profiles`, `table orders`
 * @throws ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED, CONFIG_INVALID
 */
export async function inspectTable(
  { path, what }: { readonly path: string; readonly what: string },
  options: Omit<SourceOptions, 'secrets'>,
): Promise<InspectedTable> {
  const { baseFolder } = options;
  const format = formatOf(what, { path });
  const isCsv = format.kind === 'csv' && !format.spreadsheet;
  const root = new FolderRoot(baseFolder);
  const [first] = await root.find(path, what);
  const { signal } = new AbortController();
  const file = first === undefined ? undefined : await root.open(first);
  const csv = isCsv && file ? await detectCsv(file, signal) : undefined;
  const table = { path, ...(csv && { csv: csvSection(csv) }) };
  return withScratchFolder(options, async (folder) => {
    const spec = { id: what, what, table, required: [] };
    const opening = { root, folder, columnsOnly: true, signal };
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
