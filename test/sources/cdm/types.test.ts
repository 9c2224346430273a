import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Lake } from './lake';

let lake: Lake;

beforeEach(async () => {
  lake = await Lake.make();
});
afterEach(() => lake.remove());

/** The value of a column of the type, as an extract has it. */
async function read(type: string, text: string, culture?: string): Promise<string | null | undefined> {
  const columns = ['CustomerId', ['Value', type]] as const;
  const quoted = text === '' ? '' : `"${text}"`;
  await lake.publish([{ name: 'Customer', columns, partitions: [`1,${quoted}\n`] }], {
    ...(culture !== undefined && { culture }),
  });
  const { rows } = await lake.extract({ segments: { all: { sql: 'SELECT CustomerId FROM profiles' } } }, [
    'Value',
  ]);
  return rows['1']?.[1];
}

test.each([
  ['dateTime', '2024-02-15T08:01:00.0000000Z', '2024-02-15T08:01:00Z'],
  ['dateTime', '2024-02-15 08:01:00.1230000', '2024-02-15T08:01:00.123'],
  ['dateTimeOffset', '2024-02-15T08:01:00.0000000+00:00', '2024-02-15T08:01:00Z'],
  ['dateTimeOffset', '2024-02-15T08:01:00-07:00', '2024-02-15T08:01:00-07:00'],
  ['dateTime', 'soon', 'soon'],
  ['date', '1984-03-02', '1984-03-02'],
  ['date', '1984-03-02T00:00:00.0000000Z', '1984-03-02'],
  ['date', '1984-03-02T10:00:00Z', '1984-03-02T10:00:00Z'],
  ['double', '137.50', '137.50'],
  ['double', '1.375E+02', '137.5'],
  ['double', '1.2345678901234567E+17', '123456789012345670'],
  ['double', '-2E-3', '-0.002'],
  ['double', '1E-12', '1E-12'],
  ['double', '1E+300', '1E+300'],
  ['decimal', '1234.500', '1234.500'],
  ['int64', '007', '007'],
  ['string', '2024-02-15T08:01:00.0000000Z', '2024-02-15T08:01:00.0000000Z'],
  ['string', '1.5E+3', '1.5E+3'],
  ['boolean', 'True', 'True'],
  ['dateTime', '', null],
])('%s %j is read as %j', async (type, text, expected) => {
  expect(await read(type, text)).toBe(expected);
});

test.each([
  ['date', '3/2/1984', '1984-03-02'],
  ['date', '3/2/1984 12:00:00 AM', '1984-03-02'],
  ['dateTime', '2/15/2024 8:01:00 PM', '2024-02-15T20:01:00'],
  ['dateTime', '2024-02-15T08:01:00Z', '2024-02-15T08:01:00Z'],
  ['date', '15/2/2024', '15/2/2024'],
])('%s %j of a model in en-US is read as %j', async (type, text, expected) => {
  expect(await read(type, text, 'en-US')).toBe(expected);
});

test('a day with slashes stays as it is where the model does not say which part is the month', async () => {
  expect(await read('date', '3/2/1984')).toBe('3/2/1984');
  expect(await read('date', '3/2/1984', 'nl-NL')).toBe('3/2/1984');
});
