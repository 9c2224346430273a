import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { classified } from '../../../src/contract/row-class';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import { acknowledge, exportAll, match, openStage, type Respond, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const FIELDS = [
  match('first', 'FNAME', { required: true }),
  match('age', 'AGE', { type: 'number' }),
  match('city', 'CITY'),
];
const PEOPLE = [
  { key: '1', email: 'anna@mail.test', first: 'Anna', age: '40', city: 'Oslo', segments: ['vip'] },
  { key: '2', email: 'no address', first: 'Bob', age: '41', city: 'Oslo', segments: ['vip'] },
  { key: '3', email: 'cy@mail.test', first: '', age: '42', city: 'Oslo', segments: ['vip'] },
  { key: '4', email: 'dee@mail.test', first: 'Dee', age: 'old', city: 'Oslo', segments: ['vip'] },
  { key: '5', email: 'eve@mail.test', first: 'Eve', age: '43', city: 'Rome', segments: ['vip'] },
  { key: '6', email: 'fay@mail.test', first: 'Fay', age: '44', city: 'Rome', segments: ['vip'] },
];
/** Refuses a field of Eve, and Fay without naming one. */
const respond: Respond = (email, chunk) => {
  if (email === 'eve@mail.test')
    return {
      ...classified('merge_field'),
      text: 'Your merge fields were invalid. CITY: Please enter a city',
    };
  if (email === 'fay@mail.test') return { ...classified('fake'), text: 'looks fake or invalid' };
  return acknowledge(email, chunk);
};

const exported = () => exportAll(stage, PEOPLE, { fields: FIELDS, strict: true, respond });

test('each reject has the rule or class, and the attribute that it is about', async () => {
  const { ref } = await exported();
  const rows = await stage.staging.readFailures(ref, {});
  expect(rows.map(({ key, outcome, reason, attribute }) => [key, outcome, reason, attribute])).toEqual([
    ['2', 'invalid', 'email_malformed', 'email'],
    ['3', 'invalid', 'required_field_empty', 'first'],
    ['4', 'invalid', 'value_does_not_fit', 'age'],
    ['5', 'rejected', 'merge_field', 'city'],
    ['6', 'rejected', 'fake', null],
  ]);
});

test('a refusal that is remembered keeps its attribute', async () => {
  const first = await exported();
  const rejects = { merge_field: 'until_changed' } as const;
  const { ref } = await exportAll(stage, PEOPLE, { fields: FIELDS, strict: true, rejects, after: first });
  expect(await stage.staging.readFailures(ref, { classes: ['merge_field'] })).toMatchObject([
    { key: '5', attribute: 'city', since: expect.any(String) },
  ]);
});

test('rejects are chosen by class, together with other choices', async () => {
  const { ref } = await exported();
  const keys = async (request: Parameters<typeof stage.staging.readFailures>[1]) =>
    (await stage.staging.readFailures(ref, request)).map(({ key }) => key);
  expect(await keys({ classes: ['fake', 'email_malformed'] })).toEqual(['2', '6']);
  expect(await keys({ classes: ['fake', 'email_malformed'], outcomes: ['rejected'] })).toEqual(['6']);
  expect(await keys({ classes: ['sms'] })).toEqual([]);
});

test('rejects and warnings are written into a Parquet file of their owner, which replaces an earlier one', async () => {
  const { ref } = await exportAll(stage, PEOPLE, { fields: FIELDS, respond });
  const file = join(stage.folder, 'rows.parquet');
  const read = async (columns: string) => {
    const database = await openDatabase({
      folder: stage.folder,
      memoryLimit: '128MB',
      allow: [stage.folder],
    });
    try {
      return await database.rows(`SELECT ${columns} FROM read_parquet(${quoteText(file)})`);
    } finally {
      await database.close();
    }
  };
  expect(await stage.staging.writeFailures(ref, { classes: ['fake'] }, file)).toBe(1);
  expect(await read('key, reason')).toEqual([{ key: '6', reason: 'fake' }]);
  expect(await stage.staging.writeFailures(ref, {}, file)).toBe(4);
  expect(await stage.staging.writeWarnings(ref, {}, file)).toBe(1);
  expect(await read('key, kind, attribute, value')).toEqual([
    { key: '4', kind: 'omitted', attribute: 'age', value: 'old' },
  ]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(
    stage.staging.writeFailures(ref, {}, join(stage.folder, 'missing', 'x')),
  ).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('cannot be written to'),
  });
});
