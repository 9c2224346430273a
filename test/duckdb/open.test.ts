import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Database } from '../../src/duckdb/database';
import { DatabaseError, translateError } from '../../src/duckdb/database-error';
import { openDatabase, threadsFor } from '../../src/duckdb/open';
import { quoteName, quoteText } from '../../src/duckdb/quote';

let folder: string;
let database: Database;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duckdb-'));
  await mkdir(join(folder, 'open'));
  await writeFile(join(folder, 'one.csv'), 'a\n1\n');
  await writeFile(join(folder, 'two.csv'), 'a\n1\n');
  database = await openDatabase({
    folder: join(folder, 'work'),
    memoryLimit: '64MB',
    allow: [join(folder, 'open')],
    files: [join(folder, 'one.csv')],
  });
});

afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function errorOf(promise: Promise<unknown>): Promise<DatabaseError> {
  return promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error as DatabaseError,
  );
}

describe('the sandbox', () => {
  test('reads and writes below an allowed folder, and reads an allowed file', async () => {
    const file = quoteText(join(folder, 'open', 'x.parquet'));
    await database.run(`COPY (SELECT 1 AS n) TO ${file} (FORMAT parquet); CREATE TABLE t AS FROM ${file}`);
    await database.run(`INSERT INTO t FROM read_csv(${quoteText(join(folder, 'one.csv'))})`);
    expect(await database.rows('FROM t')).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test.each([
    ['a file beside an allowed one', () => `FROM read_csv(${quoteText(join(folder, 'two.csv'))})`],
    ['a file found by its name as a table', () => `FROM ${quoteName(join(folder, 'two.csv'))}`],
    [
      'a way up out of an allowed folder',
      () => `FROM read_text(${quoteText(join(folder, 'open/../two.csv'))})`,
    ],
    ['a list of files', () => `FROM glob(${quoteText(join(folder, '*'))})`],
    ['writing to another folder', () => `COPY (SELECT 1) TO ${quoteText(join(folder, 'x.csv'))}`],
    ['another database', () => `ATTACH ${quoteText(join(folder, 'x.db'))}`],
    ['an extension', () => 'INSTALL httpfs'],
    ['a changed setting', () => "SET memory_limit = '8GB'"],
    ['the network', () => "FROM read_csv('https://127.0.0.1:1/x.csv')"],
  ])('refuses %s', async (_, sql) => {
    await expect(database.run(sql())).rejects.toBeInstanceOf(DatabaseError);
  });
});

describe('a statement', () => {
  test('answers whole numbers as numbers, and throws rather than round one', async () => {
    const sql = 'SELECT count(*) AS n, sum(2::HUGEINT) AS s, [3::BIGINT] AS l FROM range(3)';
    expect(await database.row(sql)).toEqual({ n: 3, s: 6, l: [3] });
    await expect(database.rows('SELECT 9007199254740993 AS n')).rejects.toThrow('beyond 2^53');
  });

  test('takes parameters by position and by name', async () => {
    expect(await database.rows("SELECT $1 || '!' AS a, $2 AS b", ["it's", null])).toEqual([
      { a: "it's!", b: null },
    ]);
    expect(await database.row('SELECT $n + 1 AS n', { n: 41 })).toEqual({ n: 42 });
  });

  test('waits for the one before it', async () => {
    const slow = database.rows<{ n: number }>('SELECT range AS n FROM range(500000)');
    const quick = database.rows('SELECT 1 AS n');
    expect(await quick).toHaveLength(1);
    expect(await slow).toHaveLength(500_000);
  });

  test('spills into its own folder when memory runs short', async () => {
    await database.run(
      `CREATE TABLE big AS SELECT md5(range::VARCHAR) || md5((range + 1)::VARCHAR) AS m FROM range(1500000)`,
    );
    expect(await readdir(join(folder, 'work', 'tmp'))).not.toEqual([]);
    expect((await stat(join(folder, 'work', 'tmp'))).mode & 0o777).toBe(0o700);
    expect(await database.row('SELECT count(*) AS n FROM big')).toEqual({ n: 1_500_000 });
  });

  test('ends at once when it is interrupted', async () => {
    const endless = errorOf(database.run('SELECT count(*) FROM range(1000000000000) WHERE range % 7 = 8'));
    const again = setInterval(() => database.interrupt(), 20);
    expect((await endless).kind).toBe('INTERRUPT');
    clearInterval(again);
    expect(await database.row('SELECT 1 AS n')).toEqual({ n: 1 });
  });
});

function* oneThenError() {
  yield [1];
  throw new RangeError('from the rows');
}

describe('appending', () => {
  test('takes rows as they come, with nothing, text, numbers and lists of text', async () => {
    await database.run('CREATE TABLE t (key VARCHAR, n BIGINT, ok BOOLEAN, tags VARCHAR[])');
    async function* rows() {
      for (let n = 0; n < 5_000; n += 1) {
        if (n === 3_000) await database.run('SELECT 1');
        yield [`k${n}`, n, n % 2 === 0, n === 0 ? [] : ['a', "b'"]] as const;
      }
    }
    expect(await database.append('t', rows())).toBe(5_000);
    expect(await database.append('t', [[null, null, null, null]])).toBe(1);
    expect(
      await database.row(
        'SELECT count(*) AS n, sum(n) AS s, count(*) FILTER (ok) AS ok, sum(len(tags)) AS tags FROM t',
      ),
    ).toEqual({ n: 5_001, s: 12_497_500, ok: 2_500, tags: 9_998 });
  });

  test('passes on what the rows throw', async () => {
    await database.run('CREATE TABLE t (n INTEGER)');
    await expect(database.append('t', oneThenError())).rejects.toThrow(RangeError);
  });
});

const options = (name: string) => ({
  folder: join(folder, name),
  memoryLimit: '64MB',
  allow: [join(folder, name)],
});

describe('openings', () => {
  test('share no tables, one after another or at the same time', async () => {
    await database.run('CREATE TABLE t AS SELECT 1 AS n');
    for (let count = 0; count < 3; count += 1) {
      const [first, second] = await Promise.all([openDatabase(options('a')), openDatabase(options('b'))]);
      expect((await errorOf(first.run('FROM t'))).kind).toBe('Catalog');
      await first.run('CREATE TABLE t AS SELECT 2 AS n');
      expect((await errorOf(second.run('FROM t'))).kind).toBe('Catalog');
      await first.close();
      await second.close();
    }
    expect(await database.rows('FROM t')).toEqual([{ n: 1 }]);
  });

  test('share no sandbox and no limits', async () => {
    const other = await openDatabase({ ...options('open'), memoryLimit: '32MB', threads: 1 });
    const set = "SELECT current_setting('memory_limit') AS memory, current_setting('threads') AS threads";
    expect(await database.row(set)).toEqual({ memory: '61.0 MiB', threads: 2 });
    expect(await other.row(set)).toEqual({ memory: '30.5 MiB', threads: 1 });
    const file = quoteText(join(folder, 'one.csv'));
    expect(await database.rows(`FROM read_csv(${file})`)).toHaveLength(1);
    expect((await errorOf(other.run(`FROM read_csv(${file})`))).kind).toBe('Permission');
    await other.close();
  });

  test('are stopped one by one', async () => {
    const other = await openDatabase(options('a'));
    const endless = errorOf(database.run('SELECT count(*) FROM range(1000000000000) WHERE range % 7 = 8'));
    await other.run('SELECT 1');
    other.interrupt();
    await other.close();
    const again = setInterval(() => database.interrupt(), 20);
    expect((await endless).kind).toBe('INTERRUPT');
    clearInterval(again);
  });
});

test('may be closed twice, and refuses statements from then on', async () => {
  await database.close();
  await database.close();
  expect((await errorOf(database.run('SELECT 1'))).kind).toBe('INTERRUPT');
});

test.each([
  [0, 1],
  [100_000, 1],
  [100_001, 2],
])('%i rows are worked on by %i threads', (rows, threads) => {
  expect(threadsFor(rows)).toBe(threads);
});

describe('an error', () => {
  test.each([
    ['a conversion', "SELECT 'jane@mail.example'::INTEGER"],
    ['a raised text', "SELECT error('jane@mail.example')"],
    ['a time zone', "SELECT TIMESTAMP '2026-01-01' AT TIME ZONE e FROM (VALUES ('jane@mail.example')) t(e)"],
    [
      'a constraint',
      "CREATE TABLE p (e VARCHAR PRIMARY KEY); INSERT INTO p VALUES ('jane@mail.example'), ('jane@mail.example')",
    ],
  ])('of %s does not carry the row', async (_, sql) => {
    const error = await errorOf(database.run(sql));
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error.rowText()).toContain('jane@');
    expect(
      `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify(Object.values(error))}`,
    ).not.toContain('jane@');
  });

  test('about SQL carries its text and kind', async () => {
    const error = await errorOf(database.run('SELECT nope FROM range(1)'));
    expect(error).toMatchObject({ kind: 'Binder', message: expect.stringContaining('"nope" not found') });
  });

  test.each([
    'IO Error: Could not write file "/x/tmp/y.tmp": No space left on device',
    'IO Error: Could not write file "/x/tmp/y.tmp": Disk quota exceeded',
    "Out of Memory Error: failed to offload data block\nThis limit was set by the 'max_temp_directory_size' setting.",
  ])('of a full disk is DISK_FULL: %s', (text) => {
    expect(translateError(new Error(text))).toMatchObject({ code: 'DISK_FULL' });
  });

  test('of a disk that is full is DISK_FULL, as DuckDB throws it', async () => {
    const other = await openDatabase({ ...options('full'), files: ['/dev/full'] });
    expect(await errorOf(other.run("COPY (FROM range(1000000)) TO '/dev/full' (FORMAT csv)"))).toMatchObject({
      code: 'DISK_FULL',
    });
    await other.close();
  });

  test.each([
    "SELECT error('No space left on device')",
    'SELECT error(\'IO Error: Could not write file "/x": No space left on device\')',
    "SELECT 'max_temp_directory_size'::INTEGER",
    `FROM read_csv('No space left on device')`,
  ])('is no full disk because its text says so: %s', async (sql) => {
    expect(await errorOf(database.run(sql))).toBeInstanceOf(DatabaseError);
  });
});
