import type { SuppressionScope } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import type { Database } from '../../duckdb/database';
import { quoteText, quoteTexts } from '../../duckdb/quote';
import { findHashKey, hashSql, missingHashKey } from '../store/hash-key';
import { findSuppressions, generationOf } from '../store/suppressions';

/** SQL: columns of a file with a suppression list. */
const COLUMNS = "{kind: 'VARCHAR', value: 'VARCHAR', since: 'VARCHAR', \"by\": 'VARCHAR', reason: 'VARCHAR'}";

/** SQL: table expression of the entries of lists. */
export function suppressionsIn(files: readonly string[]): string {
  return `read_json(${quoteTexts(files)}, format = 'newline_delimited', columns = ${COLUMNS})`;
}

/** The lists that an export respects, with the generations that a later export compares with. */
export interface FoundSuppressions {
  readonly files: readonly string[];
  /** Of the keyed hashes in them. Undefined: none was ever made. */
  readonly hashKey: string | undefined;
  readonly generations: Readonly<Record<string, number>>;
}

interface Suppressed {
  readonly destinationId: string;
  readonly accountId: string | undefined;
}

export async function findAllSuppressions(
  store: StagingStore,
  suppressed: Suppressed,
): Promise<FoundSuppressions> {
  const files: string[] = [];
  const generations: Record<string, number> = {};
  for (const [name, scope] of scopesOf(suppressed)) {
    const { generation, file } = await findSuppressions(store, scope);
    if (file !== undefined) files.push(file);
    generations[name] = generation;
  }
  return { files, hashKey: await findHashKey(store), generations };
}

type Generations = FoundSuppressions['generations'];

const DESTINATION = 'destination';
/** No id of an account. */
const WHOLE_STORE = '*';
const NONE: Generations = { [DESTINATION]: 0 };

/** Whether a list was changed since. @param since undefined: by a version without lists */
export async function areSuppressionsChanged(
  store: StagingStore,
  destinationId: string,
  since: Generations = NONE,
): Promise<boolean> {
  for (const [name, scope] of scopesOf({ destinationId, accountId: accountIn(since) }))
    if ((await generationOf(store, scope)) !== (since[name] ?? 0)) return true;
  return false;
}

/** The same lists as they are now. */
export function findSuppressionsOf(
  store: StagingStore,
  destinationId: string,
  since: Generations = NONE,
): Promise<FoundSuppressions> {
  return findAllSuppressions(store, { destinationId, accountId: accountIn(since) });
}

function accountIn(generations: Generations): string | undefined {
  return Object.keys(generations).find((name) => name !== DESTINATION && name !== WHOLE_STORE);
}

function scopesOf({ destinationId, accountId }: Suppressed): (readonly [string, SuppressionScope])[] {
  return [
    [DESTINATION, { destinationId }],
    ...(accountId === undefined ? [] : [[accountId, { accountId }] as const]),
    [WHOLE_STORE, { store: true }],
  ];
}

/**
 * Creates the table `suppressed` of the ids of contacts whose address is on a list. Needs the table `seen`.
 * @param listed path of this export's listing of the audience: who was deleted there, and is listed again, has signed up again
 */
export async function createSuppressed(
  database: Database,
  { files, hashKey }: Omit<FoundSuppressions, 'generations'>,
  listed: string,
): Promise<void> {
  if (files.length === 0) {
    await database.run('CREATE TABLE suppressed (id INTEGER)');
    return;
  }
  await database.run(`
    CREATE TEMP TABLE suppression AS
    SELECT DISTINCT kind, value FROM ${suppressionsIn(files)}`);
  const kinds = await database.rows<{ kind: string }>('SELECT DISTINCT kind FROM suppression');
  const has = (kind: string) => kinds.some((found) => found.kind === kind);
  if ((has('keyed') || has('deleted')) && hashKey === undefined) throw missingHashKey();
  // A hash of each address takes a second for a million: only where a list has hashes.
  const matches = [
    ...(has('address') ? [`SELECT id FROM seen SEMI JOIN ${ofKind('address')} l ON l.value = address`] : []),
    ...(has('sha256')
      ? [`SELECT id FROM seen SEMI JOIN ${ofKind('sha256')} l ON l.value = sha256(address)`]
      : []),
    ...(hashKey !== undefined && has('keyed')
      ? [`SELECT id FROM seen SEMI JOIN ${ofKind('keyed')} l ON l.value = ${hashSql(hashKey, 'address')}`]
      : []),
    ...(hashKey !== undefined && has('deleted')
      ? [
          `SELECT id FROM (SELECT id, address FROM seen ANTI JOIN read_parquet(${quoteText(listed)}) USING (address)) s
           SEMI JOIN ${ofKind('deleted')} l ON l.value = ${hashSql(hashKey, 's.address')}`,
        ]
      : []),
    ...(has('md5') ? [`SELECT id FROM seen SEMI JOIN ${ofKind('md5')} l ON l.value = md5(address)`] : []),
  ];
  await database.run(`
    CREATE TABLE suppressed AS ${matches.length === 0 ? 'SELECT NULL::INTEGER AS id WHERE false' : matches.join(' UNION ')};
    DROP TABLE suppression`);
}

function ofKind(kind: string): string {
  return `(SELECT value FROM suppression WHERE kind = '${kind}')`;
}
