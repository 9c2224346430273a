import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportAll, FIRST_NAME, match, openStage, rowsOf, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const BOB = { ...ANNA, key: '2', email: 'bob@mail.test' };
const CAROL = { ...ANNA, key: '3', email: 'carol@mail.test' };
const DAN = { ...ANNA, key: '4', email: 'dan@mail.test' };
const SPENT = match('spent', 'SPENT', { type: 'number' });

describe('values that do not fit', () => {
  test('are kept at Mailchimp where an earlier export has filled the field, and the plan says so', async () => {
    const fields = [SPENT];
    const first = await exportAll(
      stage,
      [
        { ...ANNA, spent: '1' },
        { ...BOB, spent: 'much' },
      ],
      { fields },
    );
    expect(first.plan.warnings).toEqual([{ attribute: 'spent', field: 'SPENT', kind: 'omitted', count: 1 }]);
    const people = [
      { ...ANNA, spent: 'more' },
      { ...BOB, spent: 'much' },
    ];
    const second = await exportAll(stage, people, { fields, after: first });
    expect(second.settlement).toMatchObject({
      outcomes: { unchanged: 2 },
      warnings: [
        { attribute: 'spent', field: 'SPENT', kind: 'omitted', count: 2 },
        { attribute: 'spent', field: 'SPENT', kind: 'kept', count: 1 },
      ],
    });
    const third = await exportAll(stage, people, { fields, after: second });
    expect(third.plan.warnings).toMatchObject([{ count: 2 }, { kind: 'kept', count: 1 }]);
  });

  test('are listed with their profiles, as are those that were cut', async () => {
    const fields = [FIRST_NAME, SPENT];
    const first = await exportAll(stage, [{ ...ANNA, spent: '1' }], { fields });
    const { ref } = await exportAll(
      stage,
      [
        { ...ANNA, spent: 'more' },
        { ...BOB, spent: 'much', first: 'x'.repeat(300) },
        { ...CAROL, spent: '7' },
        { ...DAN, key: '5', spent: 'odd', email: 'nobody' },
        { ...BOB, key: '9', spent: 'odd' },
      ],
      { fields, after: first },
    );
    const omitted = { attribute: 'spent', field: 'SPENT' };
    expect(await stage.staging.readWarnings(ref, {})).toEqual([
      { key: '1', email: 'anna@mail.test', kind: 'kept', ...omitted, value: 'more' },
      {
        key: '2',
        email: 'bob@mail.test',
        kind: 'cut',
        attribute: 'first',
        field: 'FNAME',
        value: 'x'.repeat(200),
      },
      { key: '2', email: 'bob@mail.test', kind: 'omitted', ...omitted, value: 'much' },
    ]);
    expect(await stage.staging.readWarnings(ref, { kinds: ['cut'] })).toMatchObject([{ field: 'FNAME' }]);
    expect(await stage.staging.readWarnings(ref, { field: 'SPENT', key: '2' })).toMatchObject([
      { value: 'much' },
    ]);
    expect(await stage.staging.readWarnings(ref, { limit: 1 })).toHaveLength(1);
    await expect(stage.staging.readWarnings(stage.newExport(), {})).rejects.toMatchObject({
      code: 'EXPORT_NOT_FOUND',
    });
  });
});

describe('a column in which some numbers have a decimal comma', () => {
  const people = [
    { ...ANNA, spent: '1.234,50' },
    { ...BOB, spent: '17,4' },
    { ...CAROL, spent: '1.234' },
    { ...DAN, spent: '200' },
  ];
  const sent = async (decimal?: ',') => {
    const fields = [{ ...SPENT, ...(decimal && { decimal }) }];
    const { plan, chunks } = await exportAll(stage, people, { fields });
    const values = rowsOf(chunks).map((row) => (JSON.parse(row.fields) as { SPENT?: number }).SPENT);
    return { warnings: plan.warnings, values };
  };

  test('is warned of, and what may be a thousand times as much is not sent', async () => {
    expect(await sent()).toEqual({
      values: [undefined, undefined, undefined, 200],
      warnings: [
        { attribute: 'spent', field: 'SPENT', kind: 'omitted', count: 3 },
        { attribute: 'spent', field: 'SPENT', kind: 'decimal_comma', count: 2 },
      ],
    });
  });

  test('is read by its setting', async () => {
    expect(await sent(',')).toEqual({ values: [1234.5, 17.4, 1234, 200], warnings: [] });
  });
});

test('what does not say which profile is the latest is counted and listed', async () => {
  const twice = [
    { ...ANNA, changed: '05/01/2024 3:04 PM', first: 'PM' },
    { ...ANNA, key: '2', changed: '05/01/2024 9:00 AM', first: 'AM' },
    { ...BOB, key: '3', changed: '2024-01-05' },
    { ...CAROL, key: '4', changed: ' ' },
  ];
  const request = { latest: 'changed', latestFormat: 'DD/MM/YYYY' } as const;
  const { ref, plan, chunks } = await exportAll(stage, twice, request);
  expect(plan.warnings).toEqual([{ attribute: 'changed', field: '', kind: 'unread', count: 1 }]);
  expect(rowsOf(chunks).map(({ fields }) => fields)).toContain('{"FNAME":"PM"}');
  expect(await stage.staging.readWarnings(ref, {})).toEqual([
    {
      key: '3',
      email: 'bob@mail.test',
      kind: 'unread',
      attribute: 'changed',
      field: '',
      value: '2024-01-05',
    },
  ]);
});
