import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DateFormat, MergeField } from '../../../src/contract/merge-field';
import { type Database } from '../../../src/duckdb/database';
import { openDatabase } from '../../../src/duckdb/open';
import { instantIn } from '../../../src/staging/plan/dates';
import { hasDecimalComma, wireJson, type WireMatch, wireValue } from '../../../src/staging/plan/wire-values';
import { match } from '../stage';

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wire-'));
  database = await openDatabase({ folder, memoryLimit: '128MB', allow: [] });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

interface Wire {
  readonly json: string | null;
  readonly hash: string | null;
  readonly cut: boolean;
}

async function wire(
  value: string | null,
  options: Partial<MergeField>,
  more: Partial<WireMatch> = {},
): Promise<Wire> {
  const matched = { ...match('x', 'X', options), ...more };
  const { field } = matched;
  const { text, hash, isCut } = wireValue('a1', matched);
  return database.row<Wire>(
    `SELECT ${wireJson(`(${text})`, field)} AS json, (${hash})::VARCHAR AS hash, ${isCut} AS cut
     FROM (SELECT $1::VARCHAR AS a1)`,
    [value],
  );
}

type Case = readonly [type: Partial<MergeField>, value: string, json: string | null];

const text: Partial<MergeField> = { type: 'text' };
const number: Partial<MergeField> = { type: 'number' };
const date: Partial<MergeField> = { type: 'date' };
const birthday: Partial<MergeField> = { type: 'birthday' };
const zip: Partial<MergeField> = { type: 'zip' };
const phone: Partial<MergeField> = { type: 'phone' };
const usPhone: Partial<MergeField> = { type: 'phone', phoneFormat: 'US' };
const url: Partial<MergeField> = { type: 'url' };
const radio: Partial<MergeField> = { type: 'radio', choices: ['Gold', "O'Neil"] };

describe('a value', () => {
  const cases: readonly Case[] = [
    [text, 'Jo "J" O\'Neil\\', '"Jo \\"J\\" O\'Neil\\\\"'],
    [text, ' padded\n', '" padded\\n"'],
    [number, '12.50', '12.50'],
    [number, ' -7 ', '-7'],
    [number, '+1', '1'],
    [number, '007', '7'],
    [number, '-00.5', '-0.5'],
    [number, '.5', '0.5'],
    [number, '-.5e3', '-0.5e3'],
    [number, '5.', '5'],
    [number, '5.e2', '5e2'],
    [number, '0', '0'],
    [number, '12345678901234567890', '12345678901234567890'],
    [number, '1e999', null],
    [number, '1,234.5', null],
    [number, '0x1F', null],
    [number, 'NaN', null],
    [number, 'Infinity', null],
    [date, '2024-02-29', '"2024-02-29"'],
    [date, '2024-02-29T23:59:59.123Z', '"2024-02-29"'],
    [date, '2024-02-29 23:59:59 +02:00', '"2024-02-29"'],
    [date, '2024-02-29T23:59:59.0000000+00', '"2024-02-29"'],
    [date, '2023-02-29', null],
    [date, '0000-00-00', null],
    [date, '29.02.2024', null],
    [date, '2024-02-29x', null],
    [date, '2024-02-29 10:11:12 UTC', '"2024-02-29"'],
    [date, '0001-01-01', null],
    [date, '0001-05-06', null],
    [date, '9999-12-31', '"9999-12-31"'],
    [birthday, '02/29', '"02/29"'],
    [birthday, '2/9', '"02/09"'],
    [birthday, '1980-12-31', '"12/31"'],
    [birthday, '1904-02-29', '"02/29"'],
    [birthday, '1604-02-03', '"02/03"'],
    ...['0001-01-01', '0001-05-06', '1753-01-01', '1899-12-30', '1900-01-01', '9999-12-31'].map(
      (none) => [birthday, none, null] as const,
    ),
    [birthday, '13/01', null],
    [birthday, '31/12', null],
    [zip, ' 01234 ', '"01234"'],
    [zip, '1234', null],
    [zip, '12345-6789', '"12345"'],
    [zip, '12345-67', null],
    [phone, ' +49 30 1234 ', '"+49 30 1234"'],
    [phone, '4.045550123E+09', null],
    [usPhone, '(555) 123-4567', '"555-123-4567"'],
    [usPhone, '+1 555.123.4567', '"555-123-4567"'],
    [usPhone, '+49 30 1234', null],
    [usPhone, '555-CALL-NOW', null],
    [url, 'https://mail.test/a?b=c', '"https://mail.test/a?b=c"'],
    [url, 'HTTP://mail.test', '"HTTP://mail.test"'],
    [url, 'mail.test', null],
    [url, 'javascript:alert(1)', null],
    [url, 'https://mail.test/a b', null],
    [{ type: 'imageurl' }, 'https://mail.test/a.png', '"https://mail.test/a.png"'],
    [radio, ' Gold ', '"Gold"'],
    [radio, "O'Neil", '"O\'Neil"'],
    [radio, 'gold', '"Gold"'],
    [radio, "o'neil", '"O\'Neil"'],
    [{ type: 'radio', choices: ['GOLD', 'gold'] }, 'gold', '"gold"'],
    [radio, 'golden', null],
    [{ type: 'dropdown', choices: [] }, 'Gold', null],
  ];
  test.each(cases)('for %j: %j becomes %s', async (options, value, json) => {
    const found = await wire(value, options);
    expect(found.json).toBe(json);
    expect(found.hash === '0').toBe(json === null);
  });

  test.each([null, '', ' ', '\t\u00A0\u200B'])('that is blank (%j) is empty, not unfit', async (value) => {
    expect(await wire(value, number)).toEqual({ json: null, hash: null, cut: false });
    expect(await wire(value, text)).toEqual({ json: null, hash: null, cut: false });
  });
});

describe('a long text', () => {
  test.each(['x', 'ü', '€', '😀'])('of %s is cut at 255 bytes, on a character', async (letter) => {
    const { json, cut } = await wire(`a${letter.repeat(300)}`, text);
    const kept = JSON.parse(json ?? '') as string;
    const bytes = Buffer.byteLength(kept);
    expect(cut).toBe(true);
    expect(kept).toBe(`a${letter.repeat(Math.floor(254 / Buffer.byteLength(letter)))}`);
    expect(bytes).toBeLessThanOrEqual(255);
  });

  test('of exactly 255 bytes stays as it is', async () => {
    const { json, cut } = await wire('x'.repeat(255), text);
    expect([json, cut]).toEqual([JSON.stringify('x'.repeat(255)), false]);
  });

  test('that differs only behind the cut has the same hash', async () => {
    const [one, other] = [await wire(`${'x'.repeat(300)}a`, text), await wire(`${'x'.repeat(300)}b`, text)];
    expect(one.hash).toBe(other.hash);
  });
});

function md5(value: string): string {
  return createHash('md5').update(value).digest().readBigUInt64LE(8).toString();
}

describe('a hash', () => {
  test('is half of an MD5, so that it stays the same in every version of DuckDB', async () => {
    expect((await wire('Anna', text)).hash).toBe(md5('text:Anna'));
  });

  test('differs between a number and a text with the same digits', async () => {
    expect((await wire('12', number)).hash).not.toBe((await wire('12', text)).hash);
  });
});

describe('a date that the source writes in a format', () => {
  test.each([
    ['DD/MM/YYYY', '6/5/2024', '"2024-05-06"'],
    ['DD/MM/YYYY', ' 06/05/2024 10:30', '"2024-05-06"'],
    ['DD/MM/YYYY', '2024-05-06', null],
    ['DD/MM/YYYY', '31/02/2024', null],
    ['MM/DD/YYYY', '05/06/2024', '"2024-05-06"'],
    ['MM/DD/YYYY', '13/06/2024', null],
    ['DD.MM.YYYY', '06.05.2024', '"2024-05-06"'],
    ['DD.MM.YYYY', '06x05x2024', null],
    ['DD-MM-YYYY', '06-05-2024', '"2024-05-06"'],
    ['YYYY/MM/DD', '2024/05/06', '"2024-05-06"'],
    ['YYYYMMDD', '20240506', '"2024-05-06"'],
    ['YYYYMMDD', '2024056', null],
    ['YYYY-MM-DD', '2024-5-6', '"2024-05-06"'],
    ['MM-DD-YYYY', '5-6-2024 7:08', '"2024-05-06"'],
    ['MM/DD/YYYY', '1/5/2024 3:04 PM', '"2024-01-05"'],
    ['MM/DD/YYYY', '1/5/2024, 3:04:05 p.m.', '"2024-01-05"'],
    ['MM/DD/YYYY', '1/5/2024 3:04 XM', null],
    ['DD.MM.YYYY', '05.01.2024 10:11:12 UTC', '"2024-01-05"'],
    ['DD.MM.YYYY', '01.01.0001', null],
    ['MM/DD/YY', '1/5/24', '"2024-01-05"'],
    ['DD/MM/YY', '31/12/68', '"2068-12-31"'],
    ['DD.MM.YY', '31.12.69', '"1969-12-31"'],
    ['DD.MM.YY', '31.12.1969', null],
    ['EXCEL', '45296', '"2024-01-05"'],
    ['EXCEL', '45296.75', '"2024-01-05"'],
    ['EXCEL', '61', '"1900-03-01"'],
    ['EXCEL', '60', null],
    ['EXCEL', '2024-01-05', null],
  ] as const)('%s: %p is %p', async (format, value, json) => {
    expect((await wire(value, { type: 'date' }, { format })).json).toBe(json);
  });

  test.each([
    ['DD/MM', '29/02', '"02/29"'],
    ['DD/MM', '02/29', null],
    ['DD.MM.YYYY', '06.05.1980', '"05/06"'],
    ['DD.MM.YYYY', '01.01.1900', null],
    ['MM/DD/YY', '5/6/80', '"05/06"'],
    ['EXCEL', '29347', '"05/06"'],
  ] as const)('of a birthday, %s: %p is %p', async (format, value, json) => {
    expect((await wire(value, { type: 'birthday' }, { format })).json).toBe(json);
  });
});

describe('a number that the source writes with a decimal mark', () => {
  test.each([
    [',', '1.234,50', '1234.50'],
    [',', '17,4', '17.4'],
    [',', '1.234', '1234'],
    [',', '-1.234.567', '-1234567'],
    [',', '200', '200'],
    [',', ',5', '0.5'],
    [',', "1'234,5", '1234.5'],
    [',', '1\u00A0234,5', '1234.5'],
    [',', '1.23', null],
    [',', '12.34,5', null],
    [',', '1,234.5', null],
    ['.', '1,234.50', '1234.50'],
    ['.', '1,234', '1234'],
    ['.', '1 234.5', '1234.5'],
    ['.', '12.5', '12.5'],
    ['.', '1.234,5', null],
    ['.', 'abc', null],
  ] as const)('%s: %p is %p', async (decimal, value, json) => {
    expect((await wire(value, number, { decimal })).json).toBe(json);
  });

  test.each([
    ['1.234', null],
    ['12.34', '12.34'],
    ['200', '200'],
  ])('that is not known, while others have a comma: %p is %p', async (value, json) => {
    expect((await wire(value, number, { decimalCommas: 1 })).json).toBe(json);
  });

  test.each([
    ['17,4', true],
    ['1.234,50', true],
    ['0,1234', true],
    [',5', true],
    ['1,234', false],
    ['1,234.5', false],
    ['1,234,567', false],
    ['a,5', false],
    ['12', false],
  ])('%p has a decimal comma: %p', async (value, expected) => {
    const row = await database.row<{ found: boolean }>(
      `SELECT ${hasDecimalComma('a1')} AS found FROM (SELECT $1::VARCHAR AS a1)`,
      [value],
    );
    expect(row.found).toBe(expected);
  });
});

const instant = async (value: string, format?: DateFormat) => {
  const row = await database.row<{ at: number | null }>(
    `SELECT ${instantIn('a1', format)} AS at FROM (SELECT $1::VARCHAR AS a1)`,
    [value],
  );
  return row.at;
};

describe('what says which profile is the latest', () => {
  test.each([
    [undefined, ['2024-01-05', '2024-01-05 10:11:12 UTC', '2024-01-05T11:11:12Z', '2024-01-06']],
    [
      'MM/DD/YYYY',
      [
        '1/5/2024',
        '1/5/2024 12:30 AM',
        '1/5/2024 9:00 AM',
        '1/5/2024 12:00 PM',
        '1/5/2024 3:04 PM',
        '10/1/2024',
      ],
    ],
    ['DD.MM.YY', ['31.12.69', '05.01.24', '05.01.24 10:11', '05.01.24 10:11:12,5']],
    ['EXCEL', ['45296', '45296,25', '45296.5', '45297']],
  ] as const)('is read in the format %s, with the time of day', async (format, rising) => {
    const found = await Promise.all(rising.map((value) => instant(value, format)));
    expect(found).not.toContain(null);
    expect(found).toEqual(found.toSorted((one, other) => one! - other!));
    expect(new Set(found).size).toBe(rising.length);
  });

  test.each([
    [undefined, '05.01.2024'],
    [undefined, 'NaN'],
    ['DD/MM/YYYY', '2024-01-05'],
    ['EXCEL', 'soon'],
  ] as const)('is not known in the format %s for %p', async (format, value) => {
    expect(await instant(value, format)).toBeNull();
  });
});
