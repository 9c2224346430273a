import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { exportAll, match, openStage, rowsOf, type Exported, type Profile, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const PARTS = {
  addr1: 'street',
  addr2: 'floor',
  city: 'town',
  state: 'region',
  zip: 'code',
  country: 'land',
};
const fields = [{ ...match('street', 'ADDRESS', { type: 'address' }), address: PARTS }];
const WHOLE = { street: ' 1 "Main" St ', floor: null, town: 'Graz', region: 'ST', code: '8010', land: 'AT' };

function anna(values: Readonly<Record<string, string | null>>): Profile {
  return { key: '1', email: 'anna@mail.test', segments: ['vip'], ...WHOLE, ...values };
}

const addressOf = ({ chunks }: Exported) =>
  rowsOf(chunks).map((row) => (JSON.parse(row.fields) as { ADDRESS?: unknown }).ADDRESS);

test('an address is sent with the parts that are not empty, without blanks at their ends', async () => {
  const exported = await exportAll(stage, [anna({})], { fields });
  expect(addressOf(exported)).toEqual([
    { addr1: '1 "Main" St', city: 'Graz', state: 'ST', zip: '8010', country: 'AT' },
  ]);
  expect(exported.plan.warnings).toEqual([]);
});

test('an address without a part that Mailchimp needs is left out and counted, and the contact is sent', async () => {
  const profiles = ['street', 'town', 'region', 'code'].map((part, index) => ({
    ...anna({ [part]: ' ' }),
    key: String(index),
    email: `p${index}@mail.test`,
  }));
  const exported = await exportAll(stage, profiles, { fields });
  expect(addressOf(exported)).toEqual(profiles.map(() => undefined));
  expect(exported.settlement.outcomes.created).toBe(4);
  const attribute = 'street, floor, town, region, code, land';
  expect(exported.plan.warnings).toEqual([{ attribute, field: 'ADDRESS', kind: 'omitted', count: 4 }]);
  const shown = await stage.staging.readWarnings(exported.ref, { key: '3' });
  expect(shown).toMatchObject([{ value: expect.stringMatching(/Main.*Graz.*AT/) }]);
});

test('a state and a country alone are no address', async () => {
  const exported = await exportAll(stage, [anna({ street: null, town: '', code: null })], { fields });
  expect(addressOf(exported)).toEqual([undefined]);
  expect(exported.plan.warnings).toEqual([]);
});

test('a part that changes makes the contact changed, and an empty address clears the field', async () => {
  const first = await exportAll(stage, [anna({})], { fields });
  const same = await exportAll(stage, [anna({ street: '1 "Main" St' })], { fields, after: first });
  expect(same.plan.decided.unchanged).toBe(1);
  const moved = await exportAll(stage, [anna({ floor: '2nd' })], { fields, after: same });
  expect(moved.plan.updates).toBe(1);
  const gone = await exportAll(stage, [anna({ street: null, floor: null, town: null, code: null })], {
    fields,
    after: moved,
  });
  expect(addressOf(gone)).toEqual(['']);
});

test('an address that becomes incomplete stays in Mailchimp, and is counted as kept', async () => {
  const first = await exportAll(stage, [anna({})], { fields });
  const broken = await exportAll(stage, [anna({ code: null })], { fields, after: first });
  expect(broken.plan.decided.unchanged).toBe(1);
  expect(broken.plan.warnings.map(({ kind }) => kind)).toEqual(['omitted', 'kept']);
});

test('a required address that is not complete makes the profile invalid', async () => {
  const required = fields.map((one) => ({ ...one, field: { ...one.field, required: true } }));
  const exported = await exportAll(stage, [anna({ code: null })], { fields: required });
  expect(exported.plan.invalid).toEqual({ value_does_not_fit: 1 });
});
