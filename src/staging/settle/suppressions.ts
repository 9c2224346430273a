import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import type { AddedSuppressions, Suppression, SuppressionScope } from '../../ports/staging';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { brokenRule, createIdn, withAddress } from '../plan/address';
import { suppressionsIn } from '../plan/suppressed';
import { findHashKey, hashOf, hashSql, requireHashKey } from '../store/hash-key';
import { deleteFormerSuppressions, findSuppressions, replaceSuppressions } from '../store/suppressions';
import { withTemporaryWorkspace } from '../store/workspace';
import type { ReadContext } from './refusals';

const PAGE = 20_000;
/** More would not be a list, but a segment. */
const MOST_ENTRIES = 5_000_000;

export async function readSuppressions(
  context: ReadContext,
  scope: SuppressionScope,
  { limit }: { readonly limit?: number } = {},
): Promise<readonly Suppression[]> {
  const { file } = await findSuppressions(context.store, scope);
  if (file === undefined) return [];
  return withTemporaryWorkspace({ ...context, rows: 0 }, (database) =>
    database.rows<Suppression>(
      `SELECT * FROM ${listIn(file)} ORDER BY since, value ${limit === undefined ? '' : `LIMIT ${limit}`}`,
    ),
  );
}

export async function suppress(
  context: ReadContext,
  scope: SuppressionScope,
  { entries, by, reason }: AddedSuppressions,
): Promise<{ added: number; total: number }> {
  const since = new Date().toISOString();
  return change(context, scope, async (database) => {
    await createAsked(database, entries);
    const { added } = await database.row<{ added: number }>(
      'SELECT count(*) AS added FROM asked ANTI JOIN list USING (kind, value)',
    );
    await database.run(`
      INSERT INTO list
      SELECT kind, value, ${[since, by, reason].map(quoteText).join(', ')} FROM asked ANTI JOIN list USING (kind, value)`);
    const { total } = await database.row<{ total: number }>('SELECT count(*) AS total FROM list');
    if (total > MOST_ENTRIES)
      throw new ExportError(
        'INPUT_INVALID',
        `The suppression list would have ${total} entries; at most ${MOST_ENTRIES} are possible. Nothing was changed.`,
      );
    return { changed: added, result: { added, total } };
  });
}

export async function unsuppress(
  context: ReadContext,
  scope: SuppressionScope,
  entries?: readonly string[],
): Promise<number> {
  return change(context, scope, async (database) => {
    if (entries) await createAsked(database, entries);
    if (entries) await askKeyed(context.store, database);
    const listed = entries ? 'list SEMI JOIN asked USING (kind, value)' : 'list';
    const { count } = await database.row<{ count: number }>(`SELECT count(*) AS count FROM ${listed}`);
    await database.run(
      entries
        ? 'CREATE TABLE rest AS SELECT * FROM list ANTI JOIN asked USING (kind, value); DROP TABLE list; ALTER TABLE rest RENAME TO list'
        : 'DELETE FROM list',
    );
    return { changed: count, result: count };
  });
}

/**
 * Adds to `asked` the keyed hashes of its addresses: a list has those in the place of addresses of people who were forgotten. A hash as it is listed
 * looks like a SHA-256.
 */
async function askKeyed(store: StagingStore, database: Database): Promise<void> {
  const key = await findHashKey(store);
  if (key === undefined) return;
  await database.run(`
    INSERT INTO asked
    SELECT keyed.kind, CASE asked.kind WHEN 'address' THEN ${hashSql(key, 'value')} ELSE value END
    FROM asked, (VALUES ('keyed'), ('deleted')) keyed(kind) WHERE asked.kind IN ('address', 'sha256')`);
}

interface KeptOut extends Pick<Suppression, 'by'> {
  readonly scope: SuppressionScope;
  readonly addresses: readonly string[];
  readonly kind: 'keyed' | 'deleted';
}

/** Keeps people who are forgotten out of all later exports of the scope, by keyed hashes of their addresses. A repeated call adds none. */
export async function keepOut(context: ReadContext, { scope, addresses, by, kind }: KeptOut): Promise<void> {
  if (addresses.length === 0) return;
  const key = await requireHashKey(context.store);
  const since = new Date().toISOString();
  const isNew = `ANTI JOIN list ON list.kind = '${kind}' AND list.value = hashed.keyed`;
  await change(context, scope, async (database) => {
    await createHashed(database, key, addresses);
    const { changed } = await database.row<{ changed: number }>(
      `SELECT count(*) AS changed FROM hashed ${isNew}`,
    );
    await database.run(`
      INSERT INTO list
      SELECT '${kind}', keyed, ${[since, by, FORGOTTEN].map(quoteText).join(', ')} FROM hashed ${isNew}`);
    return { changed, result: undefined };
  });
}

const FORGOTTEN = 'forgotten';

/**
 * Replaces what a list has of people who are forgotten, addresses and hashes that anyone could make, by keyed hashes: they stay on the list. A repeated
 * call changes nothing.
 */
export async function concealSuppressions(
  context: ReadContext,
  scope: SuppressionScope,
  addresses: readonly string[],
): Promise<void> {
  const { file } = await findSuppressions(context.store, scope);
  if (file === undefined || addresses.length === 0) return;
  const key = await requireHashKey(context.store);
  await change(context, scope, async (database) => {
    await createHashed(database, key, addresses);
    const named = `list l JOIN hashed h ON l.value = CASE l.kind WHEN 'address' THEN h.address WHEN 'sha256' THEN sha256(h.address) WHEN 'md5' THEN md5(h.address) END`;
    await database.run(
      `CREATE TABLE concealed AS SELECT l.kind, l.value, h.keyed, l.since, l."by", l.reason FROM ${named}`,
    );
    const { changed } = await database.row<{ changed: number }>(
      `SELECT (SELECT count(*) FROM concealed) + (SELECT count(*) FROM list WHERE ${isNamedIn('list."by" || list.reason')}) AS changed`,
    );
    await database.run(`
      CREATE TABLE rest AS
      SELECT * FROM list ANTI JOIN concealed USING (kind, value)
      UNION ALL
      SELECT 'keyed', keyed, min(since), arg_min("by", since), arg_min(reason, since) FROM concealed
      WHERE keyed NOT IN (SELECT value FROM list WHERE kind = 'keyed') GROUP BY keyed;
      DROP TABLE list;
      ALTER TABLE rest RENAME TO list;
      UPDATE list SET reason = '' WHERE ${isNamedIn('list.reason')};
      UPDATE list SET "by" = '' WHERE ${isNamedIn('list."by"')}`);
    return { changed, result: undefined };
  });
  await deleteFormerSuppressions(context.store, scope);
}

/** SQL: whether a text names one of the people, also in the entry of another one. Needs `hashed`. */
function isNamedIn(text: string): string {
  return `EXISTS (SELECT 1 FROM hashed WHERE contains(lower(${text}), hashed.address))`;
}

/** Creates the table `hashed`: the addresses, and their keyed hashes. */
async function createHashed(database: Database, key: string, addresses: readonly string[]): Promise<void> {
  await database.run('CREATE TABLE hashed (address VARCHAR, keyed VARCHAR)');
  await database.append(
    'hashed',
    addresses.map((address) => [address, hashOf(key, address)]),
  );
}

/** Lends a database with the table `list`, and stores it as the next generation. Begins again when another change came first. */
async function change<Result>(
  context: ReadContext,
  scope: SuppressionScope,
  work: (database: Database) => Promise<{ readonly changed: number; readonly result: Result }>,
): Promise<Result> {
  const { store } = context;
  for (;;) {
    const { generation, file } = await findSuppressions(store, scope);
    const done = await withTemporaryWorkspace({ ...context, rows: 0 }, async (database) => {
      await database.run(`CREATE TABLE list AS SELECT * FROM ${listIn(file)}`);
      const { changed, result } = await work(database);
      if (changed === 0) return { result };
      const pages = pagesOf(database);
      return (await replaceSuppressions(store, scope, { after: generation, pages })) ? { result } : undefined;
    });
    if (done) return done.result;
  }
}

/** SQL: table expression of a list. */
function listIn(file: string | undefined): string {
  return file === undefined
    ? "(SELECT '' AS kind, '' AS value, '' AS since, '' AS \"by\", '' AS reason WHERE false)"
    : suppressionsIn([file]);
}

async function* pagesOf(database: Database): AsyncGenerator<readonly Suppression[]> {
  await database.run(
    'CREATE TABLE ordered AS SELECT *, row_number() OVER (ORDER BY since, value) AS n FROM list',
  );
  for (let first = 1; ; first += PAGE) {
    const page = await database.rows<Suppression>(
      `SELECT * EXCLUDE (n) FROM ordered WHERE n BETWEEN ${first} AND ${first + PAGE - 1} ORDER BY n`,
    );
    if (page.length === 0) return;
    yield page;
  }
}

/**
 * Creates the table `asked` of the entries, each once: addresses as exports normalise them, and hashes in small letters.
 * @throws ExportError INPUT_INVALID; it does not quote the entry
 */
async function createAsked(database: Database, entries: readonly string[]): Promise<void> {
  await database.run('CREATE TABLE given (n INTEGER, entry VARCHAR)');
  await database.append(
    'given',
    entries.map((entry, index) => [index + 1, entry]),
  );
  await createIdn(database, { from: 'given', text: 'entry' });
  await database.run(`
    CREATE TABLE read AS
    SELECT n, CASE WHEN regexp_full_match(stripped, '[0-9a-fA-F]{64}') THEN 'sha256'
        WHEN regexp_full_match(stripped, '[0-9a-fA-F]{32}') THEN 'md5'
        WHEN ${brokenRule('stripped', 'address')} IS NULL THEN 'address' END AS kind,
      address AS value
    FROM ${withAddress('given', 'entry')}`);
  const [wrong] = await database.rows<{ n: number; others: number }>(
    'SELECT min(n)::INTEGER AS n, count(*) - 1 AS others FROM read WHERE kind IS NULL HAVING count(*) > 0',
  );
  if (wrong)
    throw new ExportError(
      'INPUT_INVALID',
      `${describeWrong(wrong)} neither an address nor its SHA-256 or MD5 in hexadecimal digits. Nothing was changed. ` +
        (wrong.n === 1 ? 'If the first line is a header, leave it out. ' : '') +
        `${wrong.others > 0 ? 'Correct them, or leave them out' : 'Correct it, or leave it out'}.`,
      { details: { entry: wrong.n } },
    );
  await database.run('CREATE TABLE asked AS SELECT DISTINCT kind, value FROM read');
}

/** By their numbers only: an entry may be an address. */
function describeWrong({ n, others }: { readonly n: number; readonly others: number }): string {
  if (others === 0) return `Entry ${n} of the suppression list is`;
  return `Entry ${n} and ${others} ${others === 1 ? 'other' : 'others'} of the suppression list are`;
}
