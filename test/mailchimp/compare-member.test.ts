import { describe, expect, test } from '@jest/globals';
import { AUDIENCE, DELIVERY, openSandbox, row } from './support';

const ADA = 'ada@shop.test';

type FieldValues = Readonly<Record<string, string | number>>;

/** An audience with one member, with merge fields, that carries the tags Loyal and North. */
async function openAudience(tags: readonly string[] = ['Loyal', 'North']) {
  const members = [
    {
      email_address: ADA,
      status: 'unsubscribed' as const,
      merge_fields: { FNAME: 'Ada', LNAME: '' },
      tags: [...tags],
    },
  ];
  const { account } = await openSandbox({ audiences: [{ id: AUDIENCE, name: 'Newsletter', members }] });
  return account;
}

describe('a member that is read back', () => {
  test('is as it was sent: fields, tags in any case, and the tag that was removed', async () => {
    const account = await openAudience();
    const sent = row(ADA, { fields: '{"FNAME":"Ada","LNAME":""}', tags: '["loyal","NORTH"]' });
    expect(await account.compareMember(AUDIENCE, { email: ADA, row: sent, untagged: 'South' })).toEqual({
      status: 'unsubscribed',
      fields: [],
      tags: [],
      others: [],
      evidence: [],
    });
    expect(account.requests()).toBe(1);
  });

  test('differs in the fields and tags that are named', async () => {
    const account = await openAudience();
    const sent = row(ADA, { fields: '{"FNAME":"Eve","LNAME":""}', tags: '["Loyal","South"]' });
    expect(await account.compareMember(AUDIENCE, { email: ADA, row: sent })).toEqual({
      status: 'unsubscribed',
      fields: ['FNAME'],
      tags: ['South'],
      others: [],
      evidence: [],
    });
  });

  test('differs where it still carries the tag that was removed', async () => {
    const account = await openAudience();
    expect(await account.compareMember(AUDIENCE, { email: ADA, untagged: 'LOYAL' })).toEqual({
      status: 'unsubscribed',
      fields: [],
      tags: ['LOYAL'],
      others: [],
      evidence: [],
    });
    expect(await account.compareMember(AUDIENCE, { email: ADA })).toMatchObject({ fields: [], tags: [] });
  });

  test('has tags beyond the fifty that a member lists', async () => {
    const names = Array.from({ length: 60 }, (_, number) => `Tag ${number}`);
    const account = await openAudience(names);
    const sent = row(ADA, { fields: '{}', tags: JSON.stringify([...names, 'Other']) });
    expect(await account.compareMember(AUDIENCE, { email: ADA, row: sent })).toMatchObject({
      tags: ['Other'],
    });
    expect(account.requests()).toBe(2);
  });

  test('is undefined where the audience has no such member; any other refusal is an error', async () => {
    const account = await openAudience();
    expect(await account.compareMember(AUDIENCE, { email: 'bob@shop.test' })).toBeUndefined();
    const { account: other, sandbox } = await openSandbox();
    sandbox.fail('403 always on GET /lists/*/members/*');
    await expect(other.compareMember(AUDIENCE, { email: ADA })).rejects.toMatchObject({
      details: { status: 403 },
      message: expect.stringContaining('read a member'),
    });
  });

  test.each<[string, FieldValues, FieldValues]>([
    ['trimmed', { FNAME: 'Ada' }, { FNAME: ' Ada ' }],
    ['in another form of Unicode', { FNAME: 'Caf\u00e9' }, { FNAME: 'Cafe\u0301' }],
    ['a number', { AGE: 36 }, { AGE: 36 }],
    ['a number that was sent as a text', { AGE: 36 }, { AGE: '36' }],
    ['nothing, in a field that the audience does not have', {}, { GONE: '' }],
    ['a telephone number that was formatted', { PHONE: '(555) 123-4567' }, { PHONE: '555 123.4567' }],
  ])('has the value that was sent, %s', async (_, stored, sent) => {
    const account = await openWithFields(stored);
    const fields = JSON.stringify(sent);
    expect(
      await account.compareMember(AUDIENCE, { email: ADA, row: row(ADA, { fields, tags: '[]' }) }),
    ).toMatchObject({ fields: [] });
  });

  test.each<[string, FieldValues, FieldValues]>([
    ['another number', { AGE: 36 }, { AGE: 37 }],
    ['another telephone number', { PHONE: '555-123-4567' }, { PHONE: '555-123-4568' }],
    ['a text of other punctuation', { FNAME: 'Ada-1' }, { FNAME: 'Ada 1' }],
    ['a text without digits', { FNAME: '-' }, { FNAME: '+' }],
    ['nothing', { FNAME: '' }, { FNAME: 'Ada' }],
  ])('differs where it has %s', async (_, stored, sent) => {
    const account = await openWithFields(stored);
    const fields = JSON.stringify(sent);
    expect(
      await account.compareMember(AUDIENCE, { email: ADA, row: row(ADA, { fields, tags: '[]' }) }),
    ).toMatchObject({ fields: Object.keys(sent) });
  });
});

async function openWithFields(merge_fields: FieldValues) {
  const mergeFields = [
    { tag: 'FNAME', name: 'First name', type: 'text' as const },
    { tag: 'AGE', name: 'Age', type: 'number' as const },
    { tag: 'PHONE', name: 'Phone', type: 'phone' as const },
  ];
  const members = [{ email_address: ADA, status: 'subscribed' as const, merge_fields }];
  const { account } = await openSandbox({
    audiences: [{ id: AUDIENCE, name: 'Newsletter', mergeFields, members }],
  });
  return account;
}

describe('what a row says besides fields and tags', () => {
  const GROUPS = { News: ['Weekly', 'Daily'] };
  const MORE = { language: 'de', ip_signup: '2001:DB8::1', timestamp_signup: '2024-05-06T07:08:09Z' };

  async function openWithGroups() {
    const audiences = [{ id: AUDIENCE, name: 'Newsletter', groups: GROUPS }];
    const { account } = await openSandbox({ audiences });
    const [weekly, daily] = await account.groups(AUDIENCE);
    return { account, weekly: weekly!, daily: daily! };
  }

  test('is as it was sent, in any form that Mailchimp gives it', async () => {
    const { account, weekly, daily } = await openWithGroups();
    const more = JSON.stringify({ interests: { [weekly.id]: true, [daily.id]: false }, ...MORE });
    const sent = row(ADA, { more });
    expect(await account.sendChunk(DELIVERY, { kind: 'upsert', chunk: 0, rows: [sent] })).toMatchObject([
      { result: 'acknowledged' },
    ]);
    const lower = row(ADA, { more: more.replace('DB8', 'db8').replace('"de"', '"DE"') });
    for (const one of [sent, lower])
      expect(await account.compareMember(AUDIENCE, { email: ADA, row: one })).toMatchObject({
        fields: [],
        others: one === sent ? [] : ['language'],
        evidence: [],
      });
  });

  test('differs by name', async () => {
    const { account, weekly } = await openWithGroups();
    await account.sendChunk(DELIVERY, { kind: 'upsert', chunk: 0, rows: [row(ADA)] });
    const more = JSON.stringify({ interests: { [weekly.id]: true }, ...MORE });
    expect(await account.compareMember(AUDIENCE, { email: ADA, row: row(ADA, { more }) })).toMatchObject({
      others: [`group ${weekly.id}`, 'language'],
      evidence: ['ip_signup', 'timestamp_signup'],
    });
  });

  test('of an address are its parts; the country may be written otherwise', async () => {
    const address = { addr1: '1 Main St', city: 'Graz', state: 'ST', zip: '8010', country: 'AT' };
    const audiences = [{ id: AUDIENCE, name: 'Newsletter' }];
    const { account } = await openSandbox({ audiences });
    const of = (change: object) =>
      row(ADA, { fields: JSON.stringify({ ADDRESS: { ...address, ...change } }) });
    await account.sendChunk(DELIVERY, { kind: 'upsert', chunk: 0, rows: [of({})] });
    const fieldsOf = async (change: object) =>
      (await account.compareMember(AUDIENCE, { email: ADA, row: of(change) }))?.fields;
    expect(await fieldsOf({ country: 'Austria' })).toEqual([]);
    expect(await fieldsOf({ zip: '8011' })).toEqual(['ADDRESS']);
  });

  test('is refused where a group does not exist', async () => {
    const { account } = await openWithGroups();
    const rows = [row(ADA, { more: '{"interests":{"0000000000":true}}' })];
    expect(await account.sendChunk(DELIVERY, { kind: 'upsert', chunk: 0, rows })).toMatchObject([
      { result: 'rejected' },
    ]);
  });
});
