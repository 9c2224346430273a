import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CsvInput as Csv, Fixture, errorOf, readCsv } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture.remove());

function read(content: string | Uint8Array, options?: Parameters<typeof readCsv>[2]) {
  return readCsv(fixture, content, options);
}

describe('A column', () => {
  test.each([
    ['whose name another column has', 'k,b,b\n1,x,y\n', 'the columns "b" and "b" have the same name. Rename'],
    [
      'whose name another column has but for case',
      'k,b,B\n1,x,y\n',
      'have the same name but for case. Rename',
    ],
  ])('%s is refused where it is used', async (_, content, text) => {
    expect(await errorOf(read(content))).toMatchObject({
      code: 'ATTRIBUTE_NOT_FOUND',
      message: expect.stringContaining(text),
    });
  });

  test('that is the key is refused where another one has its name', async () => {
    expect(await errorOf(read('k,K,b\n1,1,x\n'))).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining(
        'profiles: the columns "k" and "K" have the same name but for case. Rename',
      ),
    });
  });

  test('can have another name than in the file, also one that would be reserved or repeated', async () => {
    await fixture.write('p.csv', 'Id,file_row_number,E-Mail,email\n1,x,a@nordlichtpost.de,y\n');
    const profiles = {
      path: 'p.csv',
      key: 'k',
      rename: { Id: 'k', file_row_number: 'b', 'E-Mail': 'Email', email: 'Other' },
    };
    const input = { profiles, segments: { all: { sql: 'SELECT k FROM profiles WHERE "Other" = \'y\'' } } };
    const { rows } = await fixture.extract(input, { attributes: ['b', 'Email'], segments: ['all'] });
    expect(rows).toEqual({ '1': ['x', 'a@nordlichtpost.de'] });
  });

  test('with another name is reported under it where it is empty', async () => {
    await fixture.write('p.csv', 'Id,b\n,x\n2,y\n');
    const source = await fixture.open({
      profiles: { path: 'p.csv', key: 'k', rename: { Id: 'k' } },
      segments: {},
    });
    expect(await source.check()).toMatchObject({
      profiles: 1,
      unreadable: [{ lines: 1, first: [{ line: 2, fault: 'EMPTY KEY' }] }],
    });
    await source.close();
  });

  test.each([
    ['is not there', { Idd: 'k' }, 'rename names a column "Idd", which is not there. Did you mean "Id"?'],
    ['is there twice', { n: 'k' }, 'rename names a column "n", but 2 columns are called so.'],
  ])('cannot be renamed where it %s', async (_, rename, text) => {
    await fixture.write('p.csv', 'Id,n,n\n1,x,y\n');
    const source = await fixture.open({ profiles: { path: 'p.csv', key: 'Id', rename }, segments: {} });
    expect(await errorOf(source.describe())).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringContaining(text),
    });
    await source.close();
  });
});

describe('A CSV file in another format than configured names the setting', () => {
  const semicolons = 'k;b\n1;secret\n2;y\n';

  test.each<{ what: string; content: string | Uint8Array; says: string; csv?: Csv }>([
    { what: 'semicolons', content: semicolons, says: "Set csv.delimiter: ';' for it." },
    {
      what: 'tabs',
      content: semicolons.replaceAll(';', '\t'),
      says: String.raw`Set csv.delimiter: "\t" for it.`,
    },
    {
      what: 'semicolons and commas',
      content: 'k;b;"a, b"\n1;secret;z\n',
      says: "Set csv.delimiter: ';' for it.",
    },
    {
      what: 'commas',
      content: 'k,b\n1,secret\n',
      csv: { delimiter: ';' },
      says: "Set csv.delimiter: ',' for it.",
    },
    {
      what: 'semicolons in Latin-1',
      content: Buffer.from('k;b;Stra\u00dfe\n1;secret;z\n', 'latin1'),
      csv: { encoding: 'latin-1' },
      says: "Set csv.delimiter: ';' for it.",
    },
    {
      what: 'a header in Latin-1',
      content: Buffer.from('k,b,Stra\u00dfe\n1,secret,z\n', 'latin1'),
      says: 'Set csv.encoding, probably to windows-1252',
    },
    {
      what: 'semicolons in a file without a header line',
      content: '1;secret\n2;y\n',
      csv: { header: false },
      says: "Set csv.delimiter: ';' for it.",
    },
    {
      what: 'a title before the header',
      content: 'Customers as of today\nk,b\n1,secret\n',
      says: 'if it is a title, pass over it with csv.skip: 1',
    },
    {
      what: 'UTF-16 with the high byte first and without a mark',
      content: Buffer.from('k,b\n1,secret\n', 'utf16le').swap16(),
      says: 'Set csv.encoding: utf-16be',
    },
    {
      what: 'UTF-16 without a mark',
      content: Buffer.from('k,b\n1,secret\n', 'utf16le'),
      says: 'Set csv.encoding: utf-16',
    },
  ])('for $what', async ({ content, says, csv }) => {
    const columns = csv?.header === false ? ['k', 'b'] : undefined;
    const error = await errorOf(read(content, { ...(csv && { csv }), ...(columns && { columns }) }));
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', message: expect.stringContaining(says) });
    expect(error.message).not.toContain('secret');
  });

  test('also where it is a further table, whose columns only SQL names', async () => {
    await fixture.write('p.csv', 'k,b\n1,x\n');
    await fixture.write('orders.csv', semicolons);
    const source = await fixture.open({
      profiles: { path: 'p.csv', key: 'k' },
      tables: { orders: { path: 'orders.csv' } },
      segments: { all: { sql: 'SELECT k FROM orders' } },
    });
    const problems = await source.findProblems();
    await source.close();
    expect(problems).toMatchObject([
      {
        at: 'tables.orders',
        error: { message: expect.stringContaining("orders.csv has one column when it is split at ','") },
      },
    ]);
  });

  test('but not where one column is all there is', async () => {
    expect(await read('k\n1\n2\n', { columns: [] }).catch((error: Error) => error.message)).toContain(
      'no attribute "b"',
    );
  });
});
