import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { UnreadableLines } from '../../../src/ports/source';
import { type CsvInput as Csv, Fixture, errorOf, readCsv } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture.remove());

function read(content: string | Uint8Array, options?: Parameters<typeof readCsv>[2]) {
  return readCsv(fixture, content, options);
}

/** Reads one file as profiles; answers what was wrong with its lines. */
async function unreadableOf(content: string | Uint8Array, csv?: Csv): Promise<UnreadableLines | undefined> {
  const { unreadable } = await read(content, csv ? { csv } : {});
  return unreadable[0];
}

describe('A CSV file', () => {
  test.each([
    ['a byte order mark and CR LF', '\uFEFFk,b\r\n1,x\r\n2,"y\r\nz"\r\n', { '1': 'x', '2': 'y\r\nz' }],
    ['CR alone at the ends of lines', 'k,b\r1,x\r2,y\r', { '1': 'x', '2': 'y' }],
    ['LF in quotes where lines end with CR LF', 'k,b\r\n1,"x\ny"\r\n', { '1': 'x\ny' }],
    ['no line break at the end', 'k,b\n1,x', { '1': 'x' }],
    ['empty lines', 'k,b\n\n1,x\n\n\n2,y\n\n', { '1': 'x', '2': 'y' }],
    ['empty lines before its header', '\n\r\nk,b\n1,x\n', { '1': 'x' }],
    ['LF, CR LF and CR at the ends of lines', 'k,b\r\n1,x\n2,y\r3,z\r\n', { '1': 'x', '2': 'y', '3': 'z' }],
    [
      'LF in the first value and CR LF at the ends of lines',
      'k,b\r\n1,"x\ny"\r\n2,z\r\n',
      { '1': 'x\ny', '2': 'z' },
    ],
    ['CR LF in a value and LF at the ends of lines', 'k,b\n1,"x\r\ny"\n2,z\n', { '1': 'x\r\ny', '2': 'z' }],
    [
      'rows of nothing but delimiters, blanks and quotes',
      'k,b\r\n1,x\r\n,\r\n , \r\n"",""\r\n,,,\r\n,',
      { '1': 'x' },
    ],
    ['delimiters after the last value', 'k,b\n1,x,,\n2,y, \n', { '1': 'x', '2': 'y' }],
    ['two columns of one name, which are not used', 'k,n,b,n\n1,u,x,v\n', { '1': 'x' }],
    ['columns whose names differ in case only, which are not used', 'k,n,b,N\n1,u,x,v\n', { '1': 'x' }],
    ['a name of a column that the reader reserves', 'k,b,File_Row_Number\n1,x,y\n', { '1': 'x' }],
    ['a NUL in the name of a column', 'k,b,x\0y\n1,x,y\n', { '1': 'x' }],
    ['a line for Excel that names the delimiter', 'sep=,\r\nk,b\r\n1,x\r\n', { '1': 'x' }],
    ['such a line in quotes and after a byte order mark', '\uFEFF"sep=;"\nk,b\n1,x\n', { '1': 'x' }],
    [
      'quotes in quotes and in bare values',
      'k,b\n1,"say ""hi"", ok"\n2,5" wide\n',
      { '1': 'say "hi", ok', '2': '5" wide' },
    ],
    ['blanks around values', 'k,b\n1, x \n', { '1': ' x ' }],
    ['blanks around and no name for a column', ' k , b ,\n1,x,\n2,y,z\n', { '1': 'x', '2': 'y' }],
    ['quoted and bare empty values', 'k,b\n1,""\n2,\n', { '1': null, '2': null }],
    [
      'text that looks like a date, a number and nothing',
      'k,b\n1,2020-01-31\n2,31/12/1980\n3,007\n4,NULL\n',
      { '1': '2020-01-31', '2': '31/12/1980', '3': '007', '4': 'NULL' },
    ],
    ['a NUL character', 'k,b\n1,x\0y\n', { '1': 'x\0y' }],
  ])('is read with %s', async (_, content, rows) => {
    expect(await read(content)).toEqual({ rows, unreadable: [] });
  });

  test.each<{ what: string; csv: Csv; content: string | Uint8Array; rows: object }>([
    {
      what: 'a delimiter, quote and escape',
      csv: { delimiter: ';', quote: "'", escape: '\\' },
      content: "k;b\n1;'it\\'s; ok'\n",
      rows: { '1': "it's; ok" },
    },
    {
      what: 'a text for no value',
      csv: { nullText: 'NULL' },
      content: 'k,b\n1,NULL\n2,"NULL"\n3,null\n',
      rows: { '1': null, '2': null, '3': 'null' },
    },
    {
      what: 'several texts for no value, with blanks around them',
      csv: { nullText: ['NULL', String.raw`\N`, 'N/A', '(null)', '#N/A', '<NA>'] },
      content: 'k,b\n1,"NULL"\n2,\\N\n3," N/A "\n4,(null)\n5,#N/A\n6,<NA>\n7,Null\n8,null\n9,NULL & Sons\n',
      rows: {
        '1': null,
        '2': null,
        '3': null,
        '4': null,
        '5': null,
        '6': null,
        '7': 'Null',
        '8': 'null',
        '9': 'NULL & Sons',
      },
    },
    {
      what: 'lines to pass over, whatever is in them',
      csv: { skip: 2 },
      content: 'Customers of "Nord\r\nas of today,,\nk,b\n1,x\n',
      rows: { '1': 'x' },
    },
    {
      what: 'lines to pass over before one for Excel',
      csv: { skip: 1, delimiter: ';' },
      content: 'Customers\nsep=;\nk;b\n1;x\n',
      rows: { '1': 'x' },
    },
    {
      what: 'an escaped line break, which is no value',
      csv: { escape: '\\' },
      content: 'k,b\n1,x\n"\\\n",\n',
      rows: { '1': 'x' },
    },
    {
      what: 'a delimiter that is no ASCII',
      csv: { delimiter: '§' },
      content: 'k§b\n1§x, é\n',
      rows: { '1': 'x, é' },
    },
    {
      what: 'Latin-1, which means windows-1252',
      csv: { encoding: 'latin-1' },
      content: Buffer.from([
        ...Buffer.from('k,b\n1,'),
        0x5a,
        0x6f,
        0xeb,
        0x20,
        0x4f,
        0x92,
        0x42,
        0x8a,
        0x80,
        0x0a,
      ]),
      rows: { '1': 'Zoë O’BŠ€' },
    },
    {
      what: 'Shift JIS',
      csv: { encoding: 'Shift_JIS' },
      content: Buffer.from([...Buffer.from('k,b\n1,'), 0x8e, 0x52, 0x93, 0x63, 0x0a]),
      rows: { '1': '山田' },
    },
    {
      what: 'UTF-16 without a mark, beyond the basic plane',
      csv: { encoding: 'utf-16' },
      content: Buffer.from('k,b\n1,é 山 😀𝒜\n', 'utf16le'),
      rows: { '1': 'é 山 😀𝒜' },
    },
    {
      what: 'a byte order mark of UTF-16, which is believed more than the encoding',
      csv: { encoding: 'windows-1252' },
      content: Buffer.from('\uFEFFk,b\n1,é 😀\n', 'utf16le'),
      rows: { '1': 'é 😀' },
    },
    {
      what: 'a byte order mark of UTF-16 with the high byte first',
      csv: {},
      content: Buffer.from('\uFEFFk,b\n1,é 😀\n', 'utf16le').swap16(),
      rows: { '1': 'é 😀' },
    },
  ])('is read with $what as configured', async ({ csv, content, rows }) => {
    expect(await read(content, { csv })).toEqual({ rows, unreadable: [] });
  });

  test('is read without a header line when its columns are configured', async () => {
    const csv = { header: false };
    expect(await read('x,1\ny,2\n', { csv, columns: ['b', 'k'] })).toEqual({
      rows: { '1': 'x', '2': 'y' },
      unreadable: [],
    });
    expect(await read('', { csv, columns: ['b', 'k'] })).toEqual({ rows: {}, unreadable: [] });
  });

  test('may have one column and an empty line at the end', async () => {
    await fixture.write('p.csv', 'k\n1\n\n2\n\n');
    const source = await fixture.open({ profiles: { path: 'p.csv', key: 'k' }, segments: {} });
    expect(await source.check()).toMatchObject({ profiles: 2, unreadable: [] });
    await source.close();
  });

  test('may be packed, whatever its name says', async () => {
    const packed = gzipSync('k,b\n1,x\n');
    const rows = { '1': 'x' };
    expect(await read(packed, { file: 'a.csv.gz' })).toEqual({ rows, unreadable: [] });
    expect(await read(packed, { file: 'packed-without-saying.csv' })).toEqual({ rows, unreadable: [] });
    expect(await read('k,b\n1,x\n', { file: 'unpacked-by-a-browser.csv.gz' })).toEqual({
      rows,
      unreadable: [],
    });
    const twoMembers = Buffer.concat([packed, gzipSync('2,y\n')]);
    expect(await read(twoMembers, { file: 'b.csv.gz' })).toMatchObject({ rows: { '1': 'x', '2': 'y' } });
  });

  test("may have a name like it's [1] *.csv", async () => {
    expect(await read('k,b\n1,x\n', { file: "it's [1] *.csv" })).toMatchObject({ rows: { '1': 'x' } });
  });
});

describe('Lines that cannot be read', () => {
  test('are counted with their place in the file and the kind of fault, and the others are read', async () => {
    const content = 'k,b\n1,"two\nlines"\n2\n3,x,y\n\n4,ok\n5\n';
    expect(await read(content)).toEqual({
      rows: { '1': 'two\nlines', '4': 'ok' },
      unreadable: [
        {
          file: 'p.csv',
          lines: 3,
          first: [
            { line: 4, fault: 'MISSING COLUMNS' },
            { line: 5, fault: 'TOO MANY COLUMNS' },
            { line: 8, fault: 'MISSING COLUMNS' },
          ],
        },
      ],
    });
  });

  test('count once however many columns they lack, and only the first few are named', async () => {
    const unreadable = await unreadableOf(`k,b,c,d\n${'1\n'.repeat(9)}`);
    expect(unreadable).toMatchObject({ lines: 9 });
    expect(unreadable?.first.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6]);
  });

  test.each<[string, string | Uint8Array, object]>([
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('k,b\n1,x\n2,'), Buffer.from([0xe9, 10])]),
      { line: 3, fault: 'INVALID ENCODING' },
    ],
    [
      'a line longer than 2 MB',
      `k,b\n1,x\n2,${'y'.repeat(2_100_000)}\n`,
      { line: 3, fault: 'LINE SIZE OVER MAXIMUM' },
    ],
    ['text after a closing quote', 'k,b\n1,"x"y\n', { line: 2, fault: 'UNQUOTED VALUE' }],
    [
      'a backslash before a quote that is not configured',
      'k,b\n1,"x\\"y"\n',
      { line: 2, fault: 'UNQUOTED VALUE' },
    ],
    ['an empty key', 'k,b\n1,x\n,y\n', { line: 3, fault: 'EMPTY KEY' }],
    ['a key of blanks', 'k,b\n1,x\n"\t ",y\n', { line: 3, fault: 'EMPTY KEY' }],
  ])('are known by %s', async (_, content, fault) => {
    expect(await unreadableOf(content)).toEqual({ file: 'p.csv', lines: 1, first: [fault] });
  });

  test('count as empty keys where the key is the text for no value', async () => {
    expect(await unreadableOf('k,b\nNULL,x\n', { nullText: 'NULL' })).toMatchObject({
      lines: 1,
      first: [{ line: 2 }],
    });
  });

  test('are all counted that an open quote swallows', async () => {
    const content = 'k,b\n1,x\n2,"open\n3,x\n4,x\n5,"closed"\n6,y\n';
    expect(await read(content)).toEqual({
      rows: { '1': 'x', '6': 'y' },
      unreadable: [{ file: 'p.csv', lines: 4, first: [{ line: 3, fault: 'UNQUOTED VALUE' }] }],
    });
  });

  test('of an encoding other than UTF-8 are found at their place too', async () => {
    const content = Buffer.from('\uFEFFk,b\r\n1,"é\r\né"\r\n2\r\n', 'utf16le');
    expect(await unreadableOf(content, { encoding: 'utf-16' })).toMatchObject({
      lines: 1,
      first: [{ line: 4, fault: 'MISSING COLUMNS' }],
    });
  });

  // More than one of DuckDB's buffers, which it reads side by side.
  test('are found in the middle of a big file with values over several lines', async () => {
    const long = 'a value '.repeat(30);
    const lines = Array.from({ length: 50_000 }, (_, n) =>
      n % 1_000 === 500 ? `${n},"a\nb, ${'c'.repeat(n % 50)}\n\nd"` : `${n},${long}`,
    );
    lines[45_000] = 'no value';
    const { rows, unreadable } = await read(`k,b\n${lines.join('\n')}\n`);
    expect(Object.keys(rows)).toHaveLength(49_999);
    expect(unreadable).toMatchObject([
      { lines: 1, first: [{ line: 45_002 + 45 * 3, fault: 'MISSING COLUMNS' }] },
    ]);
  });
});

describe('A CSV file without a header line', () => {
  test.each([
    ['with its delimiter', '1,jane@mail.example,Jane\n', 'k,b\n1,x\n'],
    ['with another delimiter', '1;jane@mail.example;Jane\n', 'k,b\n1,x\n'],
    ['beside one with a header line', 'k,b\n1,x\n', '2,jane@mail.example\n'],
  ])('%s is reported as such, without its first row', async (_, first, second) => {
    await fixture.write('p1.csv', first);
    await fixture.write('p2.csv', second);
    const source = await fixture.open({ profiles: { path: 'p*.csv', key: 'k' }, segments: {} });
    const error = await errorOf(source.describe());
    expect(error).toMatchObject({
      code: 'SOURCE_MALFORMED',
      message: expect.stringMatching(/^p\d\.csv: .* it contains an e-mail address, so it is a row/),
    });
    expect(String(error)).not.toMatch(/jane/i);
  });

  test.each([
    ['one', 'C-1001,vip\n', 'C-1001,vip\n'],
    ['one beside a file with a header line', 'id,segment\n1,vip\n', 'C-1001,vip\n'],
    ['two, with different first rows', 'C-1001,vip\n', 'C-1002,vip\n'],
  ])('and without an address (%s) is refused without its first row', async (_, first, second) => {
    await fixture.write('p1.csv', first);
    await fixture.write('p2.csv', second);
    const source = await fixture.open({ profiles: { path: 'p*.csv', key: 'CustomerId' }, segments: {} });
    const error = await errorOf(source.describe());
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED' });
    expect(String(error)).not.toMatch(/C-100|vip/);
  });

  test('is not seen in names of Dataverse', async () => {
    await fixture.write('p.csv', 'k,owner@OData.Community.Display.V1.FormattedValue\n1,x\n');
    const source = await fixture.open({ profiles: { path: 'p.csv', key: 'k' }, segments: {} });
    expect((await source.describe()).attributes).toHaveLength(2);
  });
});

describe('A CSV file is refused', () => {
  test.each<{ when: string; content: string | Uint8Array; text: string; csv?: Csv }>([
    {
      when: 'a quote is open to its end',
      content: 'k,b\n1,x\n2,"secret\n3,x\n',
      text: 'p.csv: a quote that opens in the record on line 3 never closes',
    },
    { when: 'a quote is open in its header', content: 'k,"b\n1,x\n', text: 'a quote in it does not close' },
    { when: 'it is empty', content: '', text: 'p.csv is empty' },
    {
      when: 'it is packed and cut off',
      content: gzipSync(`k,b\n${'1,x\n'.repeat(10_000)}`).subarray(0, -30),
      text: 'p.csv could not be unpacked',
    },
  ])('when $when', async ({ content, text, csv }) => {
    const error = await errorOf(read(content, csv ? { csv } : {}));
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', message: expect.stringContaining(text) });
    expect(error.message).not.toContain('secret');
  });

  test('when a quote far up in a big file is open to its end, though DuckDB reads on', async () => {
    const lines = Array.from({ length: 100_000 }, (_, n) => `${n},${'a value '.repeat(15)}, not quoted`);
    lines[1_000] = '1000,"open, value';
    const error = await errorOf(read(`k,b,c\n${lines.join('\n')}\n`));
    expect(error).toMatchObject({ code: 'SOURCE_MALFORMED', details: { line: 1_002 } });
  });
});
