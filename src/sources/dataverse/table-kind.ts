import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataverseTableConfig, EnvironmentConfig } from '../../config/dataverse-config';
import type { Database } from '../../duckdb/database';
import { canonical } from '../files/segments';
import { selectNothing } from '../files/table';
import type { OpenedTable, OpenedTables, TableKind, WantedTable } from '../sql/table-kind';
import { type Copied, type Copy, requireRows, tableOfCopy, withCopies } from './copies';
import { readOneState } from './one-state';
import { refreshState, requireTimes } from './refresh-state';
import { type Table, describeTable, requireColumns, rowsOf } from './table';
import { WebApi } from './web-api';

type Wanted = WantedTable<DataverseTableConfig>;

interface Described {
  readonly wanted: Wanted;
  readonly table: Table;
}

/** Tables of an environment: those of one reading are of one state, as far as their times show. */
export const dataverseTables: TableKind<DataverseTableConfig> = {
  placeOf: (config) => canonical(environmentOf(config)),
  open: async (tables, { options, folder, columnsOnly, signal: stopped }) => {
    const environment = environmentOf(tables[0]!.config);
    const { quietMinutes } = environment;
    const api = new WebApi(environment, options.secrets, stopped);
    const described: Described[] = [];
    for (const wanted of tables) described.push(await describe(api, wanted, quietMinutes));
    if (columnsOnly) {
      for (const one of described) await readOneRow(api, one);
      return lend(described.map(({ table }) => ({ table })));
    }
    const copies = described.map(copyOf);
    const copied = await readOneState(
      { quietMinutes, stopped },
      {
        look: async () => ({
          state: await refreshState(
            api,
            described.map(({ table }) => table),
            [],
          ),
        }),
        read: ({ state }, isUnchanged) =>
          withCopies(
            { api, environment, scratch: options.downloads ?? options.scratch, state, isUnchanged, copies },
            (found) => takeOver(found, folder),
          ),
      },
    );
    return lend(described.map(({ table }, index) => ({ table, copied: copied[index]! })));
  },
  // The times of rows do not show which rows were deleted.
  version: async () => undefined,
  identity: async ({ clientId }) => `application ${clientId}`,
};

function environmentOf(config: DataverseTableConfig): EnvironmentConfig {
  const { kind: _, table: __, filter: ___, ...environment } = config;
  return environment;
}

async function describe(api: WebApi, wanted: Wanted, quietMinutes: number): Promise<Described> {
  const table = await describeTable(api, { what: wanted.what, name: wanted.config.table });
  requireColumns(table, wanted.required);
  requireTimes([table], quietMinutes);
  return { wanted, table };
}

/** Shows whether rows may be read, and whether the filter is taken. */
async function readOneRow(api: WebApi, { table, wanted }: Described): Promise<void> {
  const { options, ...rest } = rowsOf(table, table.columns.slice(0, 1), wanted.config.filter);
  await api.firstPage({ ...rest, options: { ...options, $top: '1' } });
}

function copyOf({ table, wanted }: Described, index: number): Copy {
  const { required, wants, config } = wanted;
  const used = table.columns.filter((name) => required.includes(name) || wants(name));
  // Where only rows are counted, any column will do.
  const columns = used.length > 0 ? used : table.columns.slice(0, 1);
  return { file: `table-${index}`, columns, query: rowsOf(table, columns, config.filter) };
}

/** From the folder of the download, which ends here, to that of the reading. Both are on one disk. */
async function takeOver(copied: readonly Copied[], folder: string): Promise<Copied[]> {
  const taken: Copied[] = [];
  for (const [index, copy] of copied.entries()) {
    const path = join(folder, `${index}.csv`);
    // A table without a row has a file as well, once its page was read.
    await rename(copy.path, path);
    taken.push({ ...copy, path });
  }
  return taken;
}

interface Lent {
  readonly table: Table;
  /** Undefined: only the columns are wanted. */
  readonly copied?: Copied;
}

function lend(lent: readonly Lent[]): OpenedTables {
  const opened = lent.map(openedTable);
  return {
    files: opened.flatMap(({ files }) => files),
    read: async (database: Database) => {
      for (const { copied } of lent) if (copied) await requireAllRows(database, copied);
      return opened;
    },
    // The state was compared after the last page, and the copies do not change.
    findChange: async () => undefined,
  };
}

function openedTable({ table: { columns, unusable }, copied }: Lent): OpenedTable {
  const rows = copied
    ? tableOfCopy(copied)
    : { files: [], unreadable: [], select: selectNothing, locate: async () => [] };
  return { ...rows, columns, unusable };
}

async function requireAllRows(database: Database, copied: Copied): Promise<void> {
  const { what, rows: sent, columns } = copied;
  const { read } = await database.row<{ read: number }>(
    `SELECT count(*) AS read FROM (${tableOfCopy(copied).select(columns.slice(0, 1))})`,
  );
  requireRows(what, { sent, read });
}
