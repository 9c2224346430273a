import { createHash } from 'node:crypto';
import { type TableSpec, type Where, statesOf } from './open-tables';
import { findWhatToRead } from './reading';
import { canonical } from './segments';
import { queriesOf, sqlUses } from './sql-uses';
import type { ReadContext } from './with-database';

/**
 * A hash of what the segments are and of the states of the files that they are in. Undefined: a segment asks for the time, or for chance, so
 * that its members change without a file.
 *
 * @throws ExportError SEGMENT_NOT_FOUND, SEGMENT_SQL_INVALID, SOURCE_UNREADABLE
 */
export async function versionOf(
  context: ReadContext,
  segments: readonly string[],
): Promise<string | undefined> {
  const { config, access, roots, stopped } = context;
  const queries = queriesOf(config, segments);
  const uses = await sqlUses(context, queries);
  if (uses.some(({ isRepeatable }) => !isRepeatable)) return undefined;
  const { specs, scans } = findWhatToRead(config, { segments }, uses);
  const definition = {
    tables: specs.map(({ id, table, required }) => ({ id, table, required })),
    scans: scans.map(({ key, column, isList, values }) => ({ key, column, isList, values })),
    queries: queries.map(({ sql, position }) => ({ sql, position })),
  };
  const hash = createHash('sha256').update(canonical(definition));
  const where = { root: await roots.open(stopped), access, signal: stopped };
  return hash.update(await stateOfTables(specs, where)).digest('hex');
}

/** A text that is another one when a file of these tables is another one. */
export async function stateOfTables(tables: readonly TableSpec[], where: Where): Promise<string> {
  const states = await statesOf(tables, where);
  return states.map((files) => [...files.map((state) => `\n${state}`), '\n'].join('')).join('');
}
