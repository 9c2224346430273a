import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { groupField, LANGUAGE, type FieldMatch } from '../../../src/contract/merge-field';
import { exportAll, FIRST_NAME, openStage, rowsOf, type Exported, type Profile, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const WEEKLY: FieldMatch = { attribute: 'weekly', field: groupField({ id: 'abc123', name: 'News/Weekly' }) };
const JAZZ: FieldMatch = { attribute: 'jazz', field: groupField({ id: 'def456', name: 'Music/Jazz' }) };
const SPEAKS: FieldMatch = { attribute: 'language', field: LANGUAGE, empty: 'keep' };

function anna(values: Readonly<Record<string, string | null>>): Profile {
  return { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'], ...values };
}

const moreOf = ({ chunks }: Exported) =>
  rowsOf(chunks).map(({ more }) => (more === undefined ? undefined : (JSON.parse(more) as unknown)));

const byAddress = (one: { readonly email: string }, other: { readonly email: string }) =>
  one.email < other.email ? -1 : 1;

describe('a group', () => {
  const fields = [WEEKLY, JAZZ];

  test('is set by a word that says yes or no, in any case', async () => {
    const words = ['yes', 'TRUE', ' 1 ', 'on', 'N', 'False', '0'];
    const profiles = words.map((weekly, index) => ({
      ...anna({ weekly }),
      key: String(index),
      email: `p${index}@mail.test`,
    }));
    const exported = await exportAll(stage, profiles, { fields: [WEEKLY] });
    const said = [true, true, true, true, false, false, false];
    expect(
      rowsOf(exported.chunks)
        .toSorted(byAddress)
        .map(({ more }) => more),
    ).toEqual(said.map((isIn) => `{"interests":{"abc123":${isIn}}}`));
  });

  test('says nothing about groups that are empty or not matched', async () => {
    const exported = await exportAll(stage, [anna({ weekly: null, jazz: '' })], { fields });
    expect(moreOf(exported)).toEqual([undefined]);
  });

  test('makes a contact changed when it changes, and is left when its attribute becomes empty', async () => {
    const first = await exportAll(stage, [anna({ weekly: 'yes', jazz: 'yes' })], { fields });
    const same = await exportAll(stage, [anna({ weekly: 'true', jazz: '1' })], { fields, after: first });
    expect(same.plan.decided.unchanged).toBe(1);
    const left = await exportAll(stage, [anna({ weekly: 'no', jazz: null })], { fields, after: same });
    expect(left.plan.updates).toBe(1);
    expect(moreOf(left)).toEqual([{ interests: { abc123: false, def456: false } }]);
    const again = await exportAll(stage, [anna({ weekly: 'no', jazz: null })], { fields, after: left });
    expect(again.plan.decided.unchanged).toBe(1);
  });

  test('stays as it is where an empty value is to be kept', async () => {
    const kept = [{ ...WEEKLY, empty: 'keep' as const }];
    const first = await exportAll(stage, [anna({ weekly: 'yes' })], { fields: kept });
    const emptied = await exportAll(stage, [anna({ weekly: '' })], { fields: kept, after: first });
    expect(emptied.plan.decided.unchanged).toBe(1);
  });

  test('is left out and counted where the value is neither yes nor no', async () => {
    const exported = await exportAll(stage, [anna({ weekly: 'maybe', jazz: 'no' })], { fields });
    expect(moreOf(exported)).toEqual([{ interests: { def456: false } }]);
    expect(exported.plan.warnings).toEqual([
      { attribute: 'weekly', field: 'News/Weekly', kind: 'omitted', count: 1 },
    ]);
    expect(await stage.staging.readWarnings(exported.ref, {})).toMatchObject([
      { field: 'News/Weekly', kind: 'omitted', value: 'maybe' },
    ]);
  });
});

describe('the language of a contact', () => {
  const fields = [FIRST_NAME, SPEAKS];

  test('is sent as Mailchimp writes it, or without a country that it does not know', async () => {
    const codes = ['de', 'PT-pt', 'fr_ca', 'de-AT', 'en-GB', 'zh_Hant'];
    const profiles = codes.map((language, index) => ({
      ...anna({ language }),
      key: String(index),
      email: `p${index}@mail.test`,
    }));
    const exported = await exportAll(stage, profiles, { fields });
    expect(
      rowsOf(exported.chunks)
        .toSorted(byAddress)
        .map(({ more }) => more),
    ).toEqual(['de', 'pt_PT', 'fr_CA', 'de', 'en', 'zh'].map((language) => JSON.stringify({ language })));
  });

  test('is left out where it is empty, and counted where Mailchimp does not know it', async () => {
    const first = await exportAll(stage, [anna({ language: 'de' })], { fields });
    const empty = await exportAll(stage, [anna({ language: null })], { fields, after: first });
    expect(empty.plan.decided.unchanged).toBe(1);
    const odd = await exportAll(stage, [anna({ language: 'Klingon', first: 'Ann' })], {
      fields,
      after: empty,
    });
    expect(moreOf(odd)).toEqual([undefined]);
    expect(odd.plan.warnings).toMatchObject([
      { field: 'language', kind: 'omitted', count: 1 },
      { field: 'language', kind: 'kept', count: 1 },
    ]);
  });

  test('makes a contact changed when it changes', async () => {
    const first = await exportAll(stage, [anna({ language: 'de' })], { fields });
    const changed = await exportAll(stage, [anna({ language: 'fr' })], { fields, after: first });
    expect(changed.plan.updates).toBe(1);
    expect(moreOf(changed)).toEqual([{ language: 'fr' }]);
  });

  test('and a merge field called LANGUAGE are two things', async () => {
    const both = [{ ...FIRST_NAME, field: { ...FIRST_NAME.field, tag: 'LANGUAGE' } }, SPEAKS];
    const first = await exportAll(stage, [anna({ language: 'de' })], { fields: both });
    expect(rowsOf(first.chunks)).toMatchObject([
      { fields: '{"LANGUAGE":"Anna"}', more: '{"language":"de"}' },
    ]);
  });
});
