import { z } from 'zod';
import type { PostgresSourceConfig } from '../../config/postgres-config';
import { quoteName } from '../../duckdb/quote';
import type { SecretResolver } from '../../ports/secrets';
import { serverSettings } from './connection-settings';
import { relationOf } from './relation';
import { withSession } from './session';

const RelationSchema = z.object({
  schema: z.string(),
  name: z.string(),
  columns: z.array(z.string()),
  primaryKey: z.string().nullable(),
  /** As the server estimates them; -1 where it does not. */
  rows: z.number(),
});

/** A table or a view that the role may read. */
export interface InspectedRelation extends Omit<z.infer<typeof RelationSchema>, 'schema' | 'name'> {
  /** As SQL names it: `sales.customers`, `"Sales"."Customers"`. */
  readonly table: string;
}

const TABLES = `
  SELECT coalesce(json_agg(t ORDER BY t.schema, t.name), '[]') FROM (
    SELECT n.nspname AS schema, c.relname AS name, c.reltuples AS rows,
      (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
      (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
       WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1) AS "primaryKey"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%') t
  WHERE t.columns IS NOT NULL`;

const SECONDS = 20;

/** Where a database is: the settings of a source. */
type DatabaseAddress = Pick<PostgresSourceConfig, 'url' | 'connection' | 'tls'>;

/** What a role may read. @throws ExportError as `withSession` */
export async function readTables(
  address: DatabaseAddress,
  secrets: SecretResolver,
): Promise<readonly InspectedRelation[]> {
  const tables = await ask({ address, secrets }, { what: 'tables', sql: TABLES });
  return z.array(RelationSchema).parse(tables).map(named);
}

interface ValuesRequest {
  /** As SQL names it. */
  readonly table: string;
  readonly column: string;
  readonly most: number;
}

/** The values of a column; undefined where there are more than `most` of them. @throws ExportError as `withSession` */
export async function readValues(
  address: DatabaseAddress,
  secrets: SecretResolver,
  { table, column, most }: ValuesRequest,
): Promise<readonly string[] | undefined> {
  const name = quoteName(column);
  const select = `SELECT DISTINCT ${name}::text AS v FROM ${table} WHERE ${name} IS NOT NULL LIMIT ${most + 1}`;
  const sql = `SELECT coalesce(json_agg(q.v ORDER BY q.v), '[]') FROM (${select}) q`;
  const values = z.array(z.string()).parse(await ask({ address, secrets }, { what: table, sql }));
  return values.length > most ? undefined : values;
}

interface Server {
  readonly address: DatabaseAddress;
  readonly secrets: SecretResolver;
}

/** A query that answers one row with one JSON value. */
async function ask(
  { address, secrets }: Server,
  { what, sql }: { readonly what: string; readonly sql: string },
): Promise<unknown> {
  const server = await serverSettings(address, secrets);
  const stopped = new AbortController().signal;
  const relation = relationOf({ sql }, { at: what, what });
  const row = await withSession(server, { timeoutSeconds: SECONDS, stopped }, (session) =>
    session.rowOf(relation),
  );
  return JSON.parse(row?.[0] ?? '[]');
}

function named({ schema, name, ...relation }: z.infer<typeof RelationSchema>): InspectedRelation {
  return { ...relation, table: `${inSql(schema)}.${inSql(name)}` };
}

/** A source quotes what is not between quotes after folding it, so that words of SQL need none. */
function inSql(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteName(name);
}
