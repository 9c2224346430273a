import { describe, expect, test } from '@jest/globals';
import { AUDIENCE, openSandbox } from './support';

const BORN = { tag: 'BORN', type: 'birthday', name: 'Birthday' } as const;

describe('a merge field', () => {
  test('is created as one that is not required, and repeated it is found', async () => {
    const { account, sandbox } = await openSandbox();
    const created = await account.createMergeField(AUDIENCE, BORN);
    expect(created).toMatchObject({ ...BORN, required: false });
    expect(await account.createMergeField(AUDIENCE, BORN)).toEqual(created);
    expect(sandbox.requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('is found when it was created and only the reply was lost', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('reset after applying once on POST /lists/*/merge-fields');
    expect(await account.createMergeField(AUDIENCE, BORN)).toMatchObject(BORN);
    expect((await account.mergeFields(AUDIENCE)).filter(({ tag }) => tag === 'BORN')).toHaveLength(1);
  });

  test('does not take the tag of another field', async () => {
    const { account } = await openSandbox();
    await account.createMergeField(AUDIENCE, BORN);
    await expect(account.createMergeField(AUDIENCE, { ...BORN, type: 'date' })).rejects.toMatchObject({
      code: 'MERGE_FIELD_TAKEN',
      message: expect.stringContaining('"Birthday", of type birthday'),
    });
  });

  test('is refused with the words of Mailchimp where the plan allows no more', async () => {
    const mergeFields = Array.from({ length: 28 }, (_, n) => ({
      tag: `F${n}`,
      name: `Field ${n}`,
      type: 'text' as const,
    }));
    const { account } = await openSandbox({ audiences: [{ id: AUDIENCE, name: 'Full', mergeFields }] });
    await account.createMergeField(AUDIENCE, { tag: 'LAST', type: 'text', name: 'Last' }).catch(() => {});
    await account.createMergeField(AUDIENCE, { tag: 'LAST2', type: 'text', name: 'Last' }).catch(() => {});
    await expect(account.createMergeField(AUDIENCE, BORN)).rejects.toMatchObject({
      code: 'MAILCHIMP_REFUSED',
      message: expect.stringContaining('Merge Max Limit Exceeded'),
    });
  });
});
