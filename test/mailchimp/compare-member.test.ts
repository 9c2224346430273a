import { describe, expect, test } from '@jest/globals';
import { AUDIENCE, openSandbox, row } from './support';

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
    });
  });

  test('differs where it still carries the tag that was removed', async () => {
    const account = await openAudience();
    expect(await account.compareMember(AUDIENCE, { email: ADA, untagged: 'LOYAL' })).toEqual({
      status: 'unsubscribed',
      fields: [],
      tags: ['LOYAL'],
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
