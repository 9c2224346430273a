import { mkdir, mkdtemp, readdir, rename, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findChanges, lookAt } from '../../../src/sources/files/data-file';
import { FolderRoot } from '../../../src/sources/root/folder-root';
import { Fixture, type SourceInput, errorOf } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture.remove());

async function namesOf(patterns: string | readonly string[]): Promise<string[]> {
  const paths = await new FolderRoot(fixture.folder).find(patterns, 'profiles');
  return paths.map((path) => path.slice(fixture.folder.length + 1));
}

describe('Paths', () => {
  beforeEach(async () => {
    for (const file of [
      'a1.csv',
      'a2.csv',
      'b.csv',
      'x/a1.csv',
      'x/y/a3.csv',
      '.a.csv.crc',
      '.hidden/a4.csv',
    ]) {
      await fixture.write(file, 'k\n1\n');
    }
    await mkdir(join(fixture.folder, 'folder.csv'));
  });

  test.each([
    ['a1.csv', ['a1.csv']],
    ['a*.csv', ['a1.csv', 'a2.csv']],
    ['*.csv', ['a1.csv', 'a2.csv', 'b.csv']],
    ['a?.csv', ['a1.csv', 'a2.csv']],
    ['a[!1].csv', ['a2.csv']],
    ['[ab].csv', ['b.csv']],
    ['*/a1.csv', ['x/a1.csv']],
    ['**/*.csv', ['a1.csv', 'a2.csv', 'b.csv', 'x/a1.csv', 'x/y/a3.csv']],
    ['x/**/a*.csv', ['x/a1.csv', 'x/y/a3.csv']],
    ['./x/../b.csv', ['b.csv']],
  ])('like %s find files', async (pattern, files) => {
    expect(await namesOf(pattern)).toEqual(files);
  });

  test('may be several and absolute, and name a file twice', async () => {
    expect(await namesOf(['b.csv', join(fixture.folder, 'a*.csv'), 'a1.csv'])).toEqual([
      'a1.csv',
      'a2.csv',
      'b.csv',
    ]);
  });

  test.each(['a*.csv', 'a[1].csv', '[in]/a1.csv', 'it\'s "a".csv'])(
    'like %s mean a file that is called so, and no other',
    async (file) => {
      await fixture.write(file, 'k,b\n1,ours\n');
      await fixture.write('i/a1.csv', 'k,b\n2,theirs\n');
      const { rows } = await fixture.extract(
        { profiles: { path: file, key: 'k' }, segments: { all: { sql: 'SELECT k FROM profiles' } } },
        { attributes: ['b'], segments: ['all'] },
      );
      expect(rows).toEqual({ '1': ['ours'] });
    },
  );

  test('follow links to files', async () => {
    await symlink(join(fixture.folder, 'b.csv'), join(fixture.folder, 'current.csv'));
    expect(await namesOf('curr*.csv')).toEqual(['current.csv']);
  });

  test.each([
    ['nothing.csv', 'there is no file nothing.csv (looked for from'],
    ['nothing-*.csv', 'there is no file nothing-*.csv'],
    ['x', 'Name its files, e.g. x/*.csv'],
    ['s3://bucket/a.csv', 'Set root of the source'],
  ])('like %s are refused with what to do', async (pattern, text) => {
    expect(await errorOf(namesOf(pattern))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining(text),
    });
  });

  test.each(['[z-a].csv', 'x/**/[b-a]*.csv', 'nowhere/[9-0]/a.csv'])(
    'like %s are no patterns, which is a fault of the configuration',
    async (pattern) => {
      expect(await errorOf(namesOf(pattern))).toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^profiles: "\[.*" is no pattern of file names/),
      });
    },
  );

  test('that lead nowhere are refused', async () => {
    await symlink('circle.csv', join(fixture.folder, 'circle.csv'));
    expect(await errorOf(namesOf('circle.csv'))).toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });
});

test('A file that is written to has changed, and one that takes its place has replaced it', async () => {
  const path = await fixture.write('p.csv', 'k\n1\n');
  const file = await lookAt(path);
  expect(await findChanges([file])).toMatchObject({ changed: [] });
  await utimes(path, 1, 1);
  expect(await findChanges([file])).toMatchObject({ changed: [file], areReplaced: false });
  await rename(await fixture.write('new.csv', 'k\n1\n2\n'), path);
  expect(await findChanges([file])).toMatchObject({ changed: [file], areReplaced: true });
});

/** Replaces the file once for each reading, in its middle. */
async function replaceDuring(readings: number): Promise<void> {
  const seen = new Set<string>();
  while (seen.size < readings) {
    const folders = await readdir(fixture.scratch).catch(() => []);
    for (const folder of folders) {
      if (seen.has(folder)) continue;
      // A reading may delete its folder at any moment.
      const files = await readdir(join(fixture.scratch, folder)).catch(() => []);
      const isStaged = files.some((name) => name === 'table-profiles.parquet');
      if (!isStaged) continue;
      seen.add(folder);
      const next = await fixture.write('next.csv', `k,b\n1,x\n2,new\n3,${seen.size}\n`);
      await rename(next, join(fixture.folder, 'p.csv'));
    }
    await setImmediate();
  }
}

describe('A source whose file is replaced while it is read', () => {
  const profiles = { path: 'p.csv', key: 'k' };
  // So that a reading takes long enough to be met in its middle.
  const sql = 'SELECT k FROM profiles WHERE (SELECT count(*) FROM range(200000000) r(n) WHERE n % 7 = 8) = 0';

  test('is read again, and holds what is there now', async () => {
    await fixture.write('p.csv', 'k,b\n1,old\n');
    const replaced = replaceDuring(1);
    const extracted = await fixture.extract(
      { profiles, segments: { all: { sql } } },
      { attributes: ['b'], segments: ['all'] },
    );
    await replaced;
    expect(extracted).toMatchObject({ profiles: 3, rows: { '1': ['x'], '2': ['new'], '3': ['1'] } });
  });

  test('is refused where it is replaced each time', async () => {
    await fixture.write('p.csv', 'k,b\n1,old\n');
    const replaced = replaceDuring(3);
    const source = await fixture.open({ profiles, segments: { all: { sql } } });
    expect(await errorOf(source.check())).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('p.csv was changed while it was read'),
    });
    await replaced;
    await source.close();
  });
});

test('A packed file that becomes more than a hundred times as large is not unpacked', async () => {
  const block = gzipSync(Buffer.alloc(8_000_000, 'k\n'));
  await fixture.write('p.csv.gz', Buffer.concat(Array.from({ length: 40 }, () => block)));
  const source = await fixture.open({ profiles: { path: 'p.csv.gz', key: 'k' }, segments: {} });
  expect(await errorOf(source.check())).toMatchObject({
    code: 'SOURCE_MALFORMED',
    message: expect.stringContaining('p.csv.gz was not unpacked: it becomes more than 100 times as large.'),
  });
  await source.close();
});

describe('A name of a column that looks like an address', () => {
  const address = 'ann@nordlichtpost.de';

  test.each([
    ['NDJSON', 'p.ndjson', `{"k":"1","${address}":true}\n`],
    ['a CSV file without a header line', 'p.csv', '1,x\n'],
  ])('in %s never leaves the source', async (_, file, content) => {
    await fixture.write(file, content);
    const isCsv = file.endsWith('.csv');
    const profiles = {
      path: file,
      key: 'k',
      ...(isCsv && { csv: { header: false }, columns: ['k', address] }),
    };
    const source = await fixture.open({
      profiles,
      segments: { all: { sql: 'SELECT nothing FROM profiles' } },
    });
    const errors = [
      await errorOf(source.check()),
      ...(await source.findProblems()).map(({ error }) => error),
    ];
    const into = await mkdtemp(join(fixture.folder, 'into-'));
    errors.push(await errorOf(source.extract({ attributes: ['Email'], segments: [], into })));
    expect(await source.describe()).toMatchObject({ attributes: ['k'] });
    expect(errors.map(({ message }) => message).join()).not.toContain('ann');
    await source.close();
  });

  test('in Parquet never leaves the source', async () => {
    await fixture.sql(
      `COPY (SELECT 1 AS k, 2 AS "${address}") TO '${fixture.folder}/p.parquet' (FORMAT parquet)`,
    );
    const source = await fixture.open({ profiles: { path: 'p.parquet', key: 'key' }, segments: {} });
    const error = await errorOf(source.describe());
    expect(error.message).toContain('Available: k.');
    expect(error.message).not.toContain('ann');
    await source.close();
  });
});

describe('A table of several files', () => {
  const all = { segments: { all: { sql: 'SELECT k FROM profiles' } } };
  const request = { attributes: ['a', 'b'], segments: ['all'] };

  test('may have its columns in another order in each, also in packed and empty ones and in named folders', async () => {
    await fixture.write('day=1/p.csv', 'k,a,b\n1,a1,b1\n');
    await fixture.write('day=2/p.csv', 'b,a,k\nb2,a2,2\n3\n');
    await fixture.write('day=3/p.csv', gzipSync('a,k,b\na4,4,b4\n5\n6\n'));
    await fixture.write('day=4/p.csv', '');
    const profiles = { path: 'day=*/*.csv', key: 'k' };
    const { rows, unreadable } = await fixture.extract({ profiles, ...all }, request);
    expect(rows).toEqual({ '1': ['a1', 'b1'], '2': ['a2', 'b2'], '4': ['a4', 'b4'] });
    expect(unreadable).toEqual([
      { file: 'p.csv', lines: 1, first: [{ line: 3, fault: 'MISSING COLUMNS' }] },
      { file: 'p.csv', lines: 2, first: [3, 4].map((line) => ({ line, fault: 'MISSING COLUMNS' })) },
    ]);
  });

  test('must have the same columns in each', async () => {
    await fixture.write('p1.csv', 'k,a,b\n1,a1,b1\n');
    await fixture.write('p2.csv', 'k,a\n2,a2\n');
    const error = await errorOf(fixture.extract({ profiles: { path: 'p*.csv', key: 'k' }, ...all }, request));
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining('The first line of p1.csv names 3, that of p2.csv names 2 or others.'),
    });
  });

  test('may be NDJSON with other names in each line', async () => {
    await fixture.write('p1.ndjson', '{"k":1}\n{"k":2,"a":"x"}\n');
    await fixture.write('p2.jsonl.gz', gzipSync('{"b":true,"k":"3"}\n'));
    await fixture.write('p3.jsonl', '');
    const profiles = { path: ['*.ndjson', '*.jsonl', '*.jsonl.gz'], key: 'k' };
    const { rows } = await fixture.extract({ profiles, ...all }, request);
    expect(rows).toEqual({ '1': [null, null], '2': ['x', null], '3': [null, 'true'] });
  });
});

function openProfiles(profiles: SourceInput['profiles']) {
  return fixture.open({ profiles, segments: {} });
}

describe('The format', () => {
  test('is configured where the file name does not end in it', async () => {
    await fixture.write('p.txt', 'k;b\n1;x\n');
    const source = await openProfiles({ path: 'p.txt', key: 'k', format: 'csv', csv: { delimiter: ';' } });
    expect((await source.describe()).attributes).toEqual(['k', 'b']);
    await source.close();
  });

  test.each<[string, Omit<SourceInput['profiles'], 'key'>]>([
    ['Set format', { path: 'p.txt' }],
    ['cannot mix formats', { path: ['p.csv', 'p.parquet'] }],
    ['Set columns', { path: 'p.csv', csv: { header: false } }],
    ['have to be ASCII characters', { path: 'p.csv', csv: { quote: '«' } }],
    ['have to be ASCII characters', { path: 'p.csv', csv: { delimiter: '"' } }],
  ])('is refused with "%s" where it cannot be known', async (text, profiles) => {
    const source = await openProfiles({ key: 'k', ...profiles });
    expect(await errorOf(source.describe())).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(text),
    });
    await source.close();
  });
});

describe('A Parquet file', () => {
  test('gives numbers, dates and nested values as text, and rows their number', async () => {
    await fixture.sql(`
      COPY (
        SELECT * FROM (VALUES
          ('1'::BLOB, 1.50::DECIMAL(9, 2), DATE '2026-01-31', true, {'a': [1, 2]}, ['x']),
          (NULL, NULL, NULL, NULL, NULL, NULL)
        ) t(k, n, d, t, o, l)
      ) TO '${fixture.folder}/p.parquet' (FORMAT parquet)`);
    const { rows, unreadable } = await fixture.extract(
      { profiles: { path: 'p.parquet', key: 'k' }, segments: { all: { sql: 'SELECT k FROM profiles' } } },
      { attributes: ['n', 'd', 't', 'o', 'l'], segments: ['all'] },
    );
    expect(rows).toEqual({ '1': ['1.50', '2026-01-31', 'true', '{"a":[1,2]}', '["x"]'] });
    expect(unreadable).toEqual([{ file: 'p.parquet', lines: 1, first: [{ line: 2, fault: 'EMPTY KEY' }] }]);
  });

  test.each(['not Parquet at all', `PAR1${'x'.repeat(100)}PAR1`])(
    'is refused when it is damaged',
    async (content) => {
      await fixture.write('p.parquet', content);
      const source = await openProfiles({ path: 'p.parquet', key: 'k' });
      expect(await errorOf(source.describe())).toMatchObject({
        code: 'SOURCE_MALFORMED',
        message: expect.stringContaining('p.parquet could not be read'),
      });
      await source.close();
    },
  );
});

describe('An NDJSON file', () => {
  test('gives text as it is, numbers as JSON has them and nested values as JSON', async () => {
    const values = ['text "é😀"', '', null, 7, true, 12345678901234567890n, { a: [1, { b: 'ü' }] }];
    const json = values.map((value) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value)));
    await fixture.write(
      'p.ndjson',
      `\uFEFF${json.map((value, n) => `{"k": ${n}, "a/b~c": ${value}}\r\n`).join('')}`,
    );
    const { rows } = await fixture.extract(
      { profiles: { path: 'p.ndjson', key: 'k' }, segments: { all: { sql: 'SELECT k FROM profiles' } } },
      { attributes: ['a/b~c'], segments: ['all'] },
    );
    expect(Object.values(rows).flat()).toEqual([
      'text "é😀"',
      null,
      null,
      '7',
      'true',
      '12345678901234567890',
      '{"a":[1,{"b":"ü"}]}',
    ]);
  });

  test('has its broken lines counted with place and fault', async () => {
    const lines = [
      '{"k":"1"}',
      '{"k":"2"',
      '',
      '["3"]',
      'null',
      '{"k":"4"} x',
      '{"k":null}',
      '{"other":"5"}',
      '{"k":"6"}',
    ];
    await fixture.write(
      'p.ndjson',
      Buffer.concat([Buffer.from(`${lines.join('\n')}\n{"k":"`), Buffer.from([0xff]), Buffer.from('"}\n')]),
    );
    const source = await openProfiles({ path: 'p.ndjson', key: 'k' });
    expect(await source.check()).toMatchObject({
      profiles: 2,
      unreadable: [
        {
          file: 'p.ndjson',
          lines: 7,
          first: [
            { line: 2, fault: 'INVALID JSON' },
            { line: 4, fault: 'NOT AN OBJECT' },
            { line: 5, fault: 'NOT AN OBJECT' },
            { line: 6, fault: 'INVALID JSON' },
            { line: 7, fault: 'EMPTY KEY' },
          ],
        },
      ],
    });
    await source.close();
  });

  test('is read past a value without a name', async () => {
    await fixture.write('p.ndjson', '{"k":1,"":"x"}\n');
    const source = await openProfiles({ path: 'p.ndjson', key: 'k' });
    expect(await source.check()).toMatchObject({ attributes: ['k'], profiles: 1, unreadable: [] });
    await source.close();
  });

  test('is refused when two names differ in case only and one is used', async () => {
    await fixture.write('p.ndjson', '{"k":1,"Email":"x"}\n{"k":2,"email":"y"}\n');
    const input = { profiles: { path: 'p.ndjson', key: 'k' }, segments: {} };
    const source = await fixture.open(input);
    expect((await source.describe()).attributes).toEqual(['k']);
    await source.close();
    const error = await errorOf(fixture.extract(input, { attributes: ['Email'], segments: [] }));
    expect(error).toMatchObject({ message: expect.stringContaining('have the same name but for case') });
  });
});
