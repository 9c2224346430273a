import { join } from 'node:path';
import type { PostgresTableConfig } from '../../config/postgres-config';
import type { Database } from '../../duckdb/database';
import { canonical } from '../files/segments';
import { type TextTable, selectNothing } from '../files/table';
import type { OpenedTable, OpenedTables, TableKind, WantedTable } from '../sql/table-kind';
import { requireAllRows } from './copied-rows';
import { serverSettings } from './connection-settings';
import { type Described, copyColumns, describe } from './reading';
import { relationOf } from './relation';
import { type Session, withSession } from './session';
import { askVersion } from './version';

type Wanted = WantedTable<PostgresTableConfig>;

/** Tables of a database: those of one reading are copied in one transaction for each server, only the columns that are wanted. */
export const postgresTables: TableKind<PostgresTableConfig> = {
  placeOf: ({ url, connection, tls, statementTimeoutSeconds }) =>
    canonical({ url, connection, tls, statementTimeoutSeconds }),
  open: async (tables, { options, folder, columnsOnly, signal: stopped }) => {
    const { config } = tables[0]!;
    const server = await serverSettings(config, options.secrets);
    const timeoutSeconds = config.statementTimeoutSeconds;
    const copied = await withSession(server, { timeoutSeconds, stopped }, async (session) => {
      const found: CopiedTable[] = [];
      for (const [index, table] of tables.entries())
        found.push(await copyTable(session, table, columnsOnly ? undefined : join(folder, `${index}.csv`)));
      return found;
    });
    return lend(copied);
  },
  version: (tables, { options, signal: stopped }) =>
    askVersion(
      tables.map(({ config }) => config),
      { options, stopped },
    ),
  identity: async (config, { options, signal: stopped }) => {
    const server = await serverSettings(config, options.secrets);
    const timeoutSeconds = config.statementTimeoutSeconds;
    return withSession(
      server,
      { timeoutSeconds, stopped },
      async (session) => `role ${await session.role()}`,
    );
  },
};

interface CopiedTable {
  readonly table: OpenedTable;
  /** Of which DuckDB might leave rows out. */
  readonly uncertain?: TextTable;
}

/** @param file undefined: only the columns are wanted */
async function copyTable(
  session: Session,
  { what, config, required, wants }: Wanted,
  file: string | undefined,
): Promise<CopiedTable> {
  const relation = relationOf(config, { at: what, what });
  const described = await describe(session, relation, required);
  const { usable, unusable } = described;
  if (file === undefined) return { table: { ...withoutRows(described), unusable } };
  const wanted = usable.filter((name) => required.includes(name) || wants(name));
  // Where only rows are counted, any column will do.
  const columns = wanted.length > 0 ? wanted : usable.slice(0, 1);
  const { table, mayBeLong } = await copyColumns(session, described, { columns, file });
  return { table: { ...table, columns: usable, unusable }, ...(mayBeLong && { uncertain: table }) };
}

function withoutRows({ usable }: Described): TextTable {
  return {
    columns: usable,
    files: [],
    unreadable: [],
    select: (columns, options) => selectNothing(columns, options),
    locate: async () => [],
  };
}

function lend(copied: readonly CopiedTable[]): OpenedTables {
  return {
    files: copied.flatMap(({ table }) => table.files),
    read: async (database: Database) => {
      for (const { uncertain } of copied) if (uncertain) await requireAllRows(database, uncertain);
      return copied.map(({ table }) => table);
    },
    // A copy of one transaction does not change.
    findChange: async () => undefined,
  };
}
