import { join } from 'node:path';
import type { StagingStore } from '../../ports/staging-store';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText } from '../../duckdb/quote';
import { stableHash } from '../plan/wire-values';
import { KNOWN_KEYS } from '../store/documents';
import { deleteFormer, lastGeneration, replaceRowFile } from '../store/generations';
import { randomName } from '../store/local-files';
import { isAddress, isKey, isRawAddress, mentions, spellingsOf, type Wanted } from './mentions';
import { rawAddressOf, type RowFile, SNAPSHOT_PROFILES } from './row-files';

interface Rewriting {
  readonly store: StagingStore;
  readonly database: Database;
  /** The attempt's own folder. */
  readonly folder: string;
  readonly wanted: Wanted;
}

/** Gives a file with rows a generation without the person, where it names them. @returns how many rows it has lost; undefined: it stays */
export async function rewriteRowFile(rewriting: Rewriting, file: RowFile): Promise<number | undefined> {
  const { store } = rewriting;
  for (;;) {
    // What an interrupted call has left.
    await deleteFormer(store, file.key);
    const after = await lastGeneration(store, file.key);
    const made = await withoutPerson(rewriting, file);
    if (!made) return undefined;
    if (await replaceRowFile(store, file.key, { after, file: made.path })) return made.hits;
  }
}

/** Writes a file without the person. @returns undefined where the file does not name them */
async function withoutPerson(
  { store, database, folder, wanted }: Rewriting,
  { key, name }: RowFile,
): Promise<{ readonly path: string; readonly hits: number } | undefined> {
  const path = await store.localFile(key);
  if (path === undefined) return undefined;
  const from = `read_parquet(${quoteText(path)})`;
  const columns = await columnsOf(database, from);
  const isHit = await hitSql(database, { from, name, columns, wanted });
  const cleaned = columns.map((column) => cleanedColumn(column, wanted));
  const isTouched = cleaned.flatMap(({ isTouched: one }) => one ?? []);
  const { hits, touched } = await database.row<{ hits: number; touched: number }>(
    `SELECT count(*) FILTER (hit) AS hits, count(*) FILTER (NOT hit AND touched) AS touched
     FROM (SELECT ${isHit} AS hit, ${['false', ...isTouched].join(' OR ')} AS touched FROM ${from})`,
  );
  if (hits + touched === 0) return undefined;
  const into = join(folder, `${randomName()}.parquet`);
  const isPositional = name === SNAPSHOT_PROFILES;
  const values = cleaned.map(({ name: column, sql }) =>
    isPositional
      ? `CASE WHEN hit THEN NULL ELSE ${sql} END AS ${quoteName(column)}`
      : `${sql} AS ${quoteName(column)}`,
  );
  await database.run(
    `COPY (SELECT ${values.join(', ')} FROM (SELECT *, ${isHit} AS hit FROM ${from}) ${isPositional ? '' : 'WHERE NOT hit'})
     TO ${quoteText(into)} (${COMPACT_ROWS})`,
  );
  if (isPositional) await requireSameOrder(database, { path, into, isHit });
  return { path: into, hits };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

async function columnsOf(database: Database, from: string): Promise<readonly Column[]> {
  return database.rows<Column>(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT * FROM ${from})`,
  );
}

interface Looked {
  readonly from: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly wanted: Wanted;
}

/** SQL: whether a row is the person's. Never null. */
async function hitSql(database: Database, { from, name, columns, wanted }: Looked): Promise<string> {
  const names = columns.map((column) => column.name);
  const texts = spellingsOf(wanted);
  const conditions = ['false'];
  if (names.includes('address')) conditions.push(isAddress('address'));
  const raw = rawAddressOf(name, names);
  if (raw !== undefined) conditions.push(await isRawAddress(database, { from, column: raw, wanted }));
  if (names.includes('key')) conditions.push(isKey('key'), mentions('key', texts));
  if (name === KNOWN_KEYS) conditions.push(`coalesce(hash IN (${hashesOf(wanted)}), false)`);
  return `(${conditions.join(' OR ')})`;
}

/** SQL: hashes of the keys by which a source names the person, which may be an address. */
function hashesOf({ keys }: Wanted): string {
  return `SELECT ${stableHash('value')} FROM (SELECT unnest(${keys.length === 0 ? "getvariable('texts')" : "list_concat(getvariable('keys'), getvariable('texts'))"}) AS value)`;
}

interface Cleaned {
  readonly name: string;
  /** SQL: the value in the row of another person. */
  readonly sql: string;
  /** SQL: whether that is another one. Undefined: it never is. */
  readonly isTouched?: string;
}

/** What names the person in the row of another one, such as the key of a profile with the same address, is left out. */
function cleanedColumn({ name, type }: Column, wanted: Wanted): Cleaned {
  const column = quoteName(name);
  const texts = spellingsOf(wanted);
  if (type === 'VARCHAR') {
    const isTouched = mentions(column, texts);
    return { name, sql: `CASE WHEN ${isTouched} THEN NULL ELSE ${column} END`, isTouched };
  }
  if (type === 'VARCHAR[]') {
    const other = `list_filter(${column}, lambda one: NOT (${isKey('one')} OR ${mentions('one', texts)}))`;
    return { name, sql: other, isTouched: `coalesce(len(${other}) < len(${column}), false)` };
  }
  return { name, sql: column };
}

/** DuckDB is free to write rows in any order; with one thread it keeps theirs. Otherwise a plan would name other people by their positions. */
async function requireSameOrder(
  database: Database,
  { path, into, isHit }: { readonly path: string; readonly into: string; readonly isHit: string },
): Promise<void> {
  const digestOf = async (file: string, key: string) => {
    const from = `read_parquet(${quoteText(file)}, file_row_number = true)`;
    const { digest } = await database.row<{ digest: string | null }>(
      `SELECT sum(hash(file_row_number, ${key}))::VARCHAR AS digest FROM ${from}`,
    );
    return digest;
  };
  const before = await digestOf(path, `CASE WHEN NOT ${isHit} THEN key END`);
  if (before !== (await digestOf(into, 'key')))
    throw new Error('DuckDB has written the rows of a snapshot in another order');
}
