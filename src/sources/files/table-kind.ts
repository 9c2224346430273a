import type { FilesTableConfig } from '../../config/sql-config';
import { osUser } from '../os-user';
import { withRoot } from '../root/roots';
import type { OpenedTables, TableKind, WantedTable } from '../sql/table-kind';
import { changedWhileRead, findChanges } from './data-file';
import { type OpenTablesOptions, type TableSpec, findTables, openTable } from './open-tables';
import { canonical } from './segments';
import { stateOfTables } from './version';

/** Tables of files: all files of a reading are compared before and after. */
export const filesTables: TableKind<FilesTableConfig> = {
  placeOf: ({ root = '', storage = {} }) => canonical({ root, storage }),
  open: (tables, { options, folder, columnsOnly, signal }) =>
    withRoot(rootOf(tables), { options, signal }, (root) =>
      openFiles(tables.map(specOf), { root, folder, columnsOnly, signal }),
    ),
  version: (tables, place) =>
    withRoot(rootOf(tables), place, (root) =>
      stateOfTables(tables.map(specOf), { root, access: undefined, signal: place.signal }),
    ),
  identity: async () => osUser(),
};

/** That of all tables of a place. */
function rootOf([first]: readonly WantedTable<FilesTableConfig>[]): FilesTableConfig {
  return first!.config;
}

function specOf({ what, config, required }: WantedTable<FilesTableConfig>): TableSpec {
  const { kind: _, root: __, storage: ___, ...table } = config;
  return { id: what, what, table, required };
}

/** Also for another kind whose tables are files. What is returned needs no root: the files of a store were copied. */
export async function openFiles(
  specs: readonly TableSpec[],
  options: OpenTablesOptions,
): Promise<OpenedTables> {
  const found = await findTables(specs, options);
  const files = found.flatMap((table) => table.files);
  return {
    files,
    read: async (database) => {
      const tables = [];
      for (const table of found) tables.push(await openTable(database, table, options));
      return tables;
    },
    findChange: async () => {
      const { changed, areReplaced } = await findChanges(files);
      return changed.length === 0 ? undefined : { error: changedWhileRead(changed), isWhole: areReplaced };
    },
  };
}
