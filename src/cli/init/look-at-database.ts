import { ExportError } from '../../errors';
import type { InspectedRelation } from '../../sources/postgres/inspect-database';
import { lazy } from '../lazy';
import type { Invocation } from '../shell/invocation';
import type { Found, Look } from './answers';
import { ask } from './ask';
import { proposeMembers, proposeProfiles } from './propose-tables';
import type { ServerAnswer } from './source-text';

/** More values than this in a column are no list of segments. */
const MOST_SEGMENTS = 50;

/** Looks at the tables that a role may read. @param where a reference to a URL, or a URL without a password */
export async function lookAtDatabase(look: Look, where: string): Promise<Found> {
  const { invocation, options, folder, tables: files } = look;
  const server = serverOf(invocation, where, options.password);
  const tables = await lazy.reading().inspectDatabase(server, folder);
  const relation = await chooseTable(look, tables);
  const found = {
    profiles: { kind: 'postgres' as const, server, table: relation.table, tables: files },
    columns: relation.columns,
    ...(relation.primaryKey !== null && { proposal: { key: relation.primaryKey } }),
    from: files.length > 0 ? 'profiles' : relation.table,
  };
  const segments = async (key: string) => {
    const members = proposeMembers(tables, { profiles: relation.table, key });
    if (!members) return [];
    const column = { table: members.table, column: members.segment, most: MOST_SEGMENTS };
    const values = (await lazy.reading().inspectColumn(server, folder, column)) ?? [];
    return values
      .filter((value) => value.trim() !== '')
      .map((id) => [id, { members: { ...members } }] as const);
  };
  // Beside files, the database lends one table to a source of SQL.
  return files.length > 0 ? found : { ...found, segments };
}

async function chooseTable(
  { invocation, options }: Look,
  tables: readonly InspectedRelation[],
): Promise<InspectedRelation> {
  const names = tables.map((one) => one.table);
  const table =
    options.profiles ??
    (await ask(invocation, {
      question: `Table with your customers (${names.join(', ')})`,
      option: '--profiles',
      proposal: proposeProfiles(tables)?.table,
    }));
  const relation = tables.find((one) => one.table === table || one.table === `public.${table}`);
  if (relation) return relation;
  throw new ExportError(
    'INPUT_INVALID',
    `The role may read no table "${table}". ${lazy.reading().suggest(table, names)} Name one of them with --profiles.`,
  );
}

/** A URL with a password would be a secret in the file, and one on the command line is in its history. */
function serverOf({ usageError }: Invocation, where: string, password: string | undefined): ServerAnswer {
  if (/^(?:env|file):/.test(where)) return { url: where };
  if (!/^postgres(?:ql)?:\/\//.test(where) || !URL.canParse(where))
    usageError(
      '--postgres takes env:VARIABLE or file:PATH with a URL, or postgres://user@host:port/database',
    );
  const url = new URL(where);
  if (url.password !== '')
    usageError(
      'the URL has a password: put the URL into a variable, and name that with --postgres env:VARIABLE',
    );
  const [host, database, user] = [url.hostname, url.pathname.slice(1), url.username].map((part) =>
    decodeURIComponent(part),
  ) as [string, string, string];
  if (!database || !user) usageError('the URL has no user, or no database');
  if (url.search !== '')
    usageError('the URL has parameters: put it into a variable, and name that with --postgres env:VARIABLE');
  return {
    connection: {
      ...(host && { host }),
      ...(url.port !== '' && { port: Number(url.port) }),
      database,
      user,
      ...(password !== undefined && { password }),
    },
  };
}
