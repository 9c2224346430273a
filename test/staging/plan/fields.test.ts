import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportAll, FIRST_NAME, match, openStage, rowsOf, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

describe('fields', () => {
  const fields = [
    FIRST_NAME,
    match('age', 'AGE', { type: 'number' }),
    match('since', 'SINCE', { type: 'date' }),
    match('email', 'MAIL'),
  ];
  const CAROL = { ...ANNA, age: '31', since: '2024-05-06T07:08:09Z' };

  test('are sent in the format of their merge field; an attribute may feed several, and the address one', async () => {
    const { chunks } = await exportAll(stage, [CAROL], { fields });
    expect(rowsOf(chunks)[0]?.fields).toBe(
      '{"FNAME":"Anna","AGE":31,"SINCE":"2024-05-06","MAIL":"anna@mail.test"}',
    );
  });

  test('that are added send all contacts again, also those without a value', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { fields: [FIRST_NAME] });
    const more = [FIRST_NAME, match('age', 'AGE', { type: 'number' })];
    const second = await exportAll(stage, [ANNA, BOB], { fields: more, after: first });
    expect(second.plan).toMatchObject({ updates: 2, decided: { unchanged: 0 } });
  });

  test('may have any name and any choices', async () => {
    const odd = [
      match('first', `O'B"C\\`),
      match('kind', '$1', { type: 'dropdown', choices: [`it's`, `a"b`, `']; DROP TABLE contact; --`] }),
    ];
    const withQuotes = { ...CAROL, kind: `']; DROP TABLE contact; --` };
    const first = await exportAll(stage, [withQuotes], { fields: odd });
    expect(JSON.parse(rowsOf(first.chunks)[0]?.fields ?? '')).toEqual({
      [`O'B"C\\`]: 'Anna',
      $1: `']; DROP TABLE contact; --`,
    });
    const second = await exportAll(stage, [{ ...withQuotes, first: '' }], { fields: odd, after: first });
    expect(JSON.parse(rowsOf(second.chunks)[0]?.fields ?? '')).toEqual({
      [`O'B"C\\`]: '',
      $1: `']; DROP TABLE contact; --`,
    });
  });

  test('that are empty or do not fit are left out; those that do not fit or are cut are counted for contacts that are sent', async () => {
    const { plan, chunks } = await exportAll(
      stage,
      [
        { ...CAROL, age: 'old', first: 'x'.repeat(300) },
        { ...CAROL, key: '9', age: 'older', first: 'y'.repeat(300) },
        { ...BOB, age: null, since: '06.05.2024', first: ' ' },
        { ...BOB, key: '3', email: 'nobody', age: 'old' },
      ],
      { fields },
    );
    expect(rowsOf(chunks).map((row) => Object.keys(JSON.parse(row.fields)))).toEqual([
      ['FNAME', 'SINCE', 'MAIL'],
      ['MAIL'],
    ]);
    expect(plan.warnings).toEqual([
      { attribute: 'first', field: 'FNAME', kind: 'cut', count: 1 },
      { attribute: 'age', field: 'AGE', kind: 'omitted', count: 1 },
      { attribute: 'since', field: 'SINCE', kind: 'omitted', count: 1 },
    ]);
  });

  test('are all sent when one of them has changed', async () => {
    const first = await exportAll(stage, [CAROL], { fields });
    const second = await exportAll(stage, [{ ...CAROL, age: '32' }], { fields, after: first });
    expect(second.chunks).toMatchObject([
      {
        rows: [
          { fields: '{"FNAME":"Anna","AGE":32,"SINCE":"2024-05-06","MAIL":"anna@mail.test"}', known: true },
        ],
      },
    ]);
  });

  test('that an export filled are cleared once when they become empty', async () => {
    const first = await exportAll(stage, [CAROL, { ...BOB, age: null }], { fields });
    const emptied = [
      { ...CAROL, age: '' },
      { ...BOB, age: '' },
    ];
    const second = await exportAll(stage, emptied, { fields, after: first });
    expect(second.chunks).toMatchObject([
      {
        rows: [
          {
            email: 'anna@mail.test',
            fields: '{"FNAME":"Anna","SINCE":"2024-05-06","MAIL":"anna@mail.test","AGE":""}',
          },
        ],
      },
    ]);
    const third = await exportAll(stage, emptied, { fields, after: second });
    expect(third.plan.chunks).toBe(0);
    const renamed = await exportAll(stage, [{ ...CAROL, age: '', first: 'Ann' }], { fields, after: second });
    expect(renamed.chunks).toMatchObject([
      { rows: [{ fields: '{"FNAME":"Ann","SINCE":"2024-05-06","MAIL":"anna@mail.test"}' }] },
      { kind: 'untag', emails: ['bob@mail.test'] },
    ]);
  });

  test('keep what they have when a value stops fitting', async () => {
    const first = await exportAll(stage, [CAROL], { fields });
    const unfit = await exportAll(stage, [{ ...CAROL, age: 'old' }], { fields, after: first });
    expect(unfit.plan.chunks).toBe(0);
    expect(unfit.plan.warnings).toEqual([
      { attribute: 'age', field: 'AGE', kind: 'omitted', count: 1 },
      { attribute: 'age', field: 'AGE', kind: 'kept', count: 1 },
    ]);
    const back = await exportAll(stage, [CAROL], { fields, after: unfit });
    expect(back.plan.chunks).toBe(0);
  });

  test('that are newly matched send all contacts again; those that are no longer matched send none', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { fields: [FIRST_NAME] });
    const more = await exportAll(stage, [ANNA, BOB], { fields, after: first });
    expect(more.plan.updates).toBe(2);
    const fewer = await exportAll(stage, [ANNA, BOB], { fields: [FIRST_NAME], after: more });
    expect(fewer.plan.chunks).toBe(0);
  });
});
