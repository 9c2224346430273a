import { describe, expect, test } from '@jest/globals';
import type { MergeFieldSeed, SandboxOptions } from '../../src/sandbox/index';
import { ADA, AUDIENCE, LIST, memberPath, withSandbox } from './support';

const FIELDS = `${LIST}/merge-fields`;

const withFields = (...mergeFields: MergeFieldSeed[]): SandboxOptions => ({
  audiences: [{ id: AUDIENCE, name: 'One', mergeFields }],
});

const fieldOf = (type: MergeFieldSeed['type'], options: MergeFieldSeed['options'] = {}): MergeFieldSeed => ({
  tag: 'X',
  name: 'X',
  type,
  options,
});

const put = (merge_fields: object): object => ({
  email_address: ADA,
  status_if_new: 'subscribed',
  merge_fields,
});

describe('values of merge fields', () => {
  const choices = { choices: ['red', 'green'] };
  const address = { addr1: '1 Way', addr2: '', city: 'Town', state: 'TX', zip: '77000', country: 'US' };

  test.each<[MergeFieldSeed['type'], MergeFieldSeed['options'], unknown, unknown]>([
    ['text', {}, 'Łódź', 'Łódź'],
    ['text', {}, 7, '7'],
    ['number', {}, '3.50', 3.5],
    ['number', {}, -2, -2],
    ['date', {}, '2026-02-28', '2026-02-28'],
    ['date', {}, '2026-02-28T10:00:00+00:00', '2026-02-28'],
    ['date', { date_format: 'MM/DD/YYYY' }, '02/28/2026', '2026-02-28'],
    ['date', { date_format: 'DD/MM/YYYY' }, '28/02/2026', '2026-02-28'],
    ['birthday', {}, '02/29', '02/29'],
    ['zip', {}, '77000', '77000'],
    ['phone', {}, '+48 22 123', '+48 22 123'],
    ['phone', { phone_format: 'US' }, '(415) 555-0100', '(415) 555-0100'],
    ['dropdown', choices, 'red', 'red'],
    ['radio', choices, 'green', 'green'],
    ['url', {}, 'https://wp.pl/x', 'https://wp.pl/x'],
    ['address', {}, address, address],
    ['number', {}, '', ''],
    ['address', {}, '', ''],
  ])('%s %j takes %j and reads %j', async (...[type, options, value, read]) => {
    await withSandbox(withFields(fieldOf(type, options)), async (api) => {
      expect((await api.put(memberPath(ADA), put({ X: value }))).body.merge_fields).toEqual({ X: read });
    });
  });

  test.each<[MergeFieldSeed['type'], MergeFieldSeed['options'], unknown, string]>([
    ['number', {}, 'many', 'Please enter a number'],
    ['number', {}, ' ', 'Please enter a number'],
    ['date', {}, '2026-02-30', 'Please enter a valid date'],
    ['birthday', {}, '1980-02-01', 'Please enter a valid birthday (MM/DD)'],
    ['zip', {}, 'SW1A 1AA', 'Please enter a valid zip code'],
    ['phone', { phone_format: 'US' }, '12', 'Please enter a valid phone number (###) ###-####'],
    ['dropdown', choices, 'Red', 'Value must be one of: red, green  (not Red)'],
    ['address', {}, { ...address, zip: '' }, 'Please enter a complete address'],
    ['address', {}, '1 Way, Town', 'Please enter a complete address'],
  ])('%s %j refuses %j', async (...[type, options, value, message]) => {
    await withSandbox(withFields(fieldOf(type, options)), async (api) => {
      const { status, body } = await api.put(memberPath(ADA), put({ X: value }));
      expect([status, body.title, body.detail]).toEqual([
        400,
        'Invalid Resource',
        'Your merge fields were invalid.',
      ]);
      expect(body.errors).toEqual([{ field: 'X', message }]);
    });
  });

  test('text is cut at 255 bytes, between characters', async () => {
    await withSandbox(withFields(fieldOf('text')), async (api) => {
      const read = async (text: string): Promise<string> =>
        (await api.put(memberPath(ADA), put({ X: text }))).body.merge_fields.X as string;
      expect(await read('a'.repeat(300))).toBe('a'.repeat(255));
      expect(await read('ł'.repeat(200))).toBe('ł'.repeat(127));
      expect(await read(`ab${'😀'.repeat(64)}`)).toBe(`ab${'😀'.repeat(63)}`);
    });
  });

  test('an empty string clears a value, and a missing tag keeps it', async () => {
    await withSandbox({}, async (api) => {
      await api.put(memberPath(ADA), put({ FNAME: 'Ada', LNAME: 'L' }));
      const { body } = await api.put(memberPath(ADA), put({ FNAME: '' }));
      expect(body.merge_fields).toMatchObject({ FNAME: '', LNAME: 'L' });
    });
  });

  test('a required field must have a value unless validation is skipped', async () => {
    await withSandbox(withFields({ ...fieldOf('text'), required: true }), async (api) => {
      expect((await api.put(memberPath(ADA), put({}))).body.errors).toEqual([
        { field: 'X', message: 'Please enter a value' },
      ]);
      expect((await api.put(`${memberPath(ADA)}?skip_merge_validation=true`, put({}))).status).toBe(200);
    });
  });
});

describe('merge fields', () => {
  test('are listed ten at a time, with their options', async () => {
    const many = Array.from({ length: 12 }, (_, place) => ({ ...fieldOf('text'), tag: `T${place}` }));
    await withSandbox(withFields(...many, { ...fieldOf('date'), required: true }), async (api) => {
      const { body } = await api.get(FIELDS);
      expect([body.merge_fields.length, body.total_items]).toEqual([10, 13]);
      const all = (await api.get(`${FIELDS}?count=1000`)).body.merge_fields;
      expect(all[12]).toMatchObject({
        merge_id: 13,
        tag: 'X',
        type: 'date',
        required: true,
        options: { date_format: 'MM/DD/YYYY' },
      });
      expect((await api.get(`${FIELDS}?type=date`)).body.total_items).toBe(1);
    });
  });

  test('are created with an upper-case tag, cut to ten characters', async () => {
    await withSandbox({}, async (api) => {
      const { body } = await api.post(FIELDS, { name: 'Brand', type: 'text', tag: 'brand_preference' });
      expect(body).toMatchObject({ tag: 'BRAND_PREF', merge_id: 5, required: false });
      const again = await api.post(FIELDS, { name: 'Brand', type: 'text', tag: 'BRAND_PREFix' });
      expect([again.status, again.body.detail]).toEqual([
        400,
        'A Merge Field with the tag "BRAND_PREF" already exists for this list.',
      ]);
    });
  });

  test('are limited to thirty, and eighty on Premium', async () => {
    await withSandbox({}, async (api, sandbox) => {
      for (let place = 5; place <= 30; place++)
        expect((await api.post(FIELDS, { name: 'N', type: 'text' })).status).toBe(200);
      expect((await api.post(FIELDS, { name: 'N', type: 'text' })).body).toMatchObject({
        status: 400,
        title: 'Merge Max Limit Exceeded',
      });
      sandbox.control.set({ switches: { premium: true } });
      expect((await api.post(FIELDS, { name: 'N', type: 'text' })).status).toBe(200);
    });
  });

  test('can be changed and deleted', async () => {
    await withSandbox({}, async (api) => {
      await api.put(memberPath(ADA), put({ FNAME: 'Ada' }));
      expect((await api.patch(`${FIELDS}/1`, { tag: 'FIRST', required: true })).body).toMatchObject({
        tag: 'FIRST',
        required: true,
      });
      expect((await api.member(ADA)).body.merge_fields.FIRST).toBe('Ada');
      expect((await api.delete(`${FIELDS}/1`)).status).toBe(204);
      expect((await api.member(ADA)).body.merge_fields).not.toHaveProperty('FIRST');
      expect((await api.get(`${FIELDS}/1`)).status).toBe(404);
    });
  });
});
