import type { PostgresSourceConfig } from '../../config/postgres-config';
import { ExportError } from '../../errors';
import { canonical } from '../files/segments';
import { serverSettings } from './connection-settings';
import { relationOf } from './relation';
import { type Session, withSession } from './session';
import type { SourceOptions } from '../options';

/** In seconds. A version is asked for often, and has to cost little. */
const VERSION_SECONDS = 10;

/** How the relation of a version is called in errors. */
export const VERSION_SQL = 'versionSql';

type Server = Pick<
  PostgresSourceConfig,
  'url' | 'connection' | 'tls' | 'statementTimeoutSeconds' | 'versionSql'
>;

interface VersionContext {
  readonly options: Pick<SourceOptions, 'secrets'>;
  readonly stopped: AbortSignal;
}

/**
 * What `versionSql` of each of these answers now, with the database that it was asked of. PostgreSQL itself has no version of a table that
 * is cheap and true. Undefined: one has no `versionSql`.
 *
 * @param servers with the same address @throws ExportError as `withSession`, SOURCE_MALFORMED
 */
export async function askVersion(
  servers: readonly Server[],
  { options, stopped }: VersionContext,
): Promise<string | undefined> {
  const queries = servers.flatMap(({ versionSql }) => versionSql ?? []);
  const [server] = servers;
  if (!server || queries.length < servers.length) return undefined;
  const settings = await serverSettings(server, options.secrets);
  const { host, port, database } = settings;
  const timeoutSeconds = Math.min(server.statementTimeoutSeconds, VERSION_SECONDS);
  const rows = await withSession(settings, { timeoutSeconds, stopped }, async (session) => {
    const found = [];
    for (const sql of new Set(queries)) found.push(await rowOfVersion(session, sql));
    return found;
  });
  return canonical({ host, port, database, queries, rows });
}

/** @throws ExportError SOURCE_MALFORMED where the query has another number of rows than one, or no value */
async function rowOfVersion(session: Session, sql: string): Promise<readonly (string | null)[]> {
  const relation = relationOf({ sql }, { at: VERSION_SQL, what: VERSION_SQL, isVersion: true });
  const row = await session.rowOf(relation);
  if (row && row.some((value) => value !== null)) return row;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${VERSION_SQL}: the query has ${row ? 'no value' : 'another number of rows than one'}, so the source has no version, and an export of it is never left out. Write a SELECT with one row, such as SELECT max(updated_at), count(*) FROM customers.`,
  );
}
