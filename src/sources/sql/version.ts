import { createHash } from 'node:crypto';
import { canonical } from '../files/segments';
import { planReading } from './plan';
import type { SqlContext } from './reading';
import { tableKindOf } from './table-kinds';

/**
 * A hash of what profiles and segments are, and of the versions of all places that they are read from. Undefined: one of these has none, or
 * SQL asks for the time or for chance.
 *
 * @throws ExportError as `planReading`, and what a place throws
 */
export async function versionOf(
  context: SqlContext,
  segments: readonly string[],
): Promise<string | undefined> {
  const { source } = context;
  const plan = await planReading(source, { segments, attributes: undefined }, context);
  const uses = [...plan.uses, ...(plan.profilesSql ? [plan.profilesSql] : [])];
  if (uses.some(({ isRepeatable }) => !isRepeatable)) return undefined;
  const definition = {
    profiles: source.profiles,
    tables: plan.places.flat().map(({ what, config: table, required }) => ({ what, table, required })),
    scans: plan.scans.map(({ key, column, isList, values }) => ({ key, column, isList, values })),
    queries: plan.queries.map(({ sql, position }) => ({ sql, position })),
  };
  const hash = createHash('sha256').update(canonical(definition));
  for (const tables of plan.places) {
    context.signal.throwIfAborted();
    const version = await tableKindOf(tables[0]!.config).version(tables, context);
    if (version === undefined) return undefined;
    hash.update(`\n${version}\n`);
  }
  return hash.digest('hex');
}
