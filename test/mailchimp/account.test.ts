import { describe, expect, test } from '@jest/globals';
import { createLimiter, openAccount } from '../../src/mailchimp';
import { AUDIENCE, openSandbox } from './support';

describe('an account', () => {
  test('reads its login and the audience', async () => {
    const { account } = await openSandbox({
      audiences: [{ id: AUDIENCE, name: 'Newsletter', doubleOptin: true }],
    });
    const { accountId, role } = await account.login();
    expect(accountId).toMatch(/^[0-9a-f]+$/);
    expect(role).toBe('owner');
    expect(await account.audience(AUDIENCE)).toEqual({
      id: AUDIENCE,
      name: 'Newsletter',
      doubleOptin: true,
      marketingPermissions: false,
    });
    expect(account.requests()).toBe(2);
  });

  test('lists all merge fields with their options, more than a default page of them', async () => {
    const extra = Array.from({ length: 12 }, (_, n) => ({
      tag: `EXTRA${n}`,
      name: `Extra ${n}`,
      type: 'text' as const,
    }));
    const { account } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          mergeFields: [
            ...extra,
            {
              tag: 'SIZE',
              name: 'Size',
              type: 'dropdown',
              required: true,
              options: { choices: ['S', 'M'] },
            },
            { tag: 'PHONE', name: 'Phone', type: 'phone', options: { phone_format: 'US' } },
          ],
        },
      ],
    });
    const fields = await account.mergeFields(AUDIENCE);
    expect(fields).toHaveLength(14);
    expect(fields.find(({ tag }) => tag === 'SIZE')).toEqual({
      tag: 'SIZE',
      name: 'Size',
      type: 'dropdown',
      required: true,
      choices: ['S', 'M'],
    });
    expect(fields.find(({ tag }) => tag === 'PHONE')).toMatchObject({ type: 'phone', phoneFormat: 'US' });
  });

  test('takes the data centre from the key, and describes a key when it has none', () => {
    const limiter = createLimiter({ connections: 1 });
    expect(() => openAccount({ apiKey: 'abcdef-us21', limiter })).not.toThrow();
    expect(() => openAccount({ apiKey: 'abcdef', limiter })).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining('-us21') }),
    );
  });

  test.each([
    ['an unknown key', 'ffffffffffffffffffffffffffffffff-us1'],
    ['a key of another data centre', '0123456789abcdef0123456789abcdef-us9'],
  ])('answers KEY_INVALID for %s, without quoting it', async (_, apiKey) => {
    const { open } = await openSandbox();
    const refused = await open({ apiKey })
      .login()
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'KEY_INVALID', details: { route: '/', status: 401 } });
    expect((refused as Error).message).not.toContain(apiKey);
  });

  test('answers AUDIENCE_NOT_FOUND for an unknown audience, whatever the request', async () => {
    const { account } = await openSandbox();
    const missing = expect.objectContaining({ code: 'AUDIENCE_NOT_FOUND' });
    await expect(account.audience('0000000000')).rejects.toEqual(missing);
    await expect(account.mergeFields('0000000000')).rejects.toEqual(missing);
    await expect(account.tags('0000000000')).rejects.toEqual(missing);
    await expect(account.createTag('0000000000', 'Loyal')).rejects.toEqual(missing);
    await expect(account.censusPage('0000000000', { listing: 'current', offset: 0 }, 'full')).rejects.toEqual(
      missing,
    );
  });
});

describe('tags', () => {
  test('are all listed, more than one page of them', async () => {
    const tags = Array.from({ length: 1010 }, (_, n) => `Tag ${n}`);
    const { account } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [{ email_address: 'ada@shop.test', status: 'subscribed', tags }],
        },
      ],
    });
    expect(await account.tags(AUDIENCE)).toHaveLength(1010);
  });

  test('are created empty, and found again by their name, whatever its case', async () => {
    const { account, sandbox } = await openSandbox();
    const made = await account.createTag(AUDIENCE, 'Loyal customers');
    expect(made).toEqual({ id: expect.any(Number), name: 'Loyal customers' });
    expect(sandbox.state(AUDIENCE).tags).toEqual({ 'Loyal customers': 0 });
    expect(await account.createTag(AUDIENCE, 'loyal CUSTOMERS')).toEqual(made);
    expect(await account.tags(AUDIENCE)).toEqual([made]);
  });

  test('are found when they were created and only the reply was lost', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('reset after applying once on POST /lists/*/segments');
    expect(await account.createTag(AUDIENCE, 'Loyal')).toMatchObject({ name: 'Loyal' });
    expect(sandbox.state(AUDIENCE).tags).toEqual({ Loyal: 0 });
  });

  test('are found by their name only while no member carries them', async () => {
    const { account } = await openSandbox({ audiences: [CARRIED] });
    const [loyal] = await account.tags(AUDIENCE);
    expect(await account.isTagCarried(AUDIENCE, loyal!.id)).toBe(true);
    await expect(account.createTag(AUDIENCE, 'loyal')).rejects.toMatchObject({ code: 'TAG_TAKEN' });
  });

  test('keep their members when they are renamed, once or twice, and when a reply is lost', async () => {
    const { account, sandbox } = await openSandbox({ audiences: [CARRIED] });
    const [loyal] = await account.tags(AUDIENCE);
    for (const name of ['Faithful', 'Faithful', 'FAITHFUL'])
      await account.renameTag(AUDIENCE, { ...loyal!, name });
    expect(sandbox.state(AUDIENCE).tags).toEqual({ FAITHFUL: 1 });
    sandbox.fail('reset after applying 2 times on PATCH /lists/*/segments/*');
    await account.renameTag(AUDIENCE, { ...loyal!, name: 'Steady' });
    expect(sandbox.state(AUDIENCE).tags).toEqual({ Steady: 1 });
    expect(await account.tags(AUDIENCE)).toEqual([{ id: loyal!.id, name: 'Steady' }]);
  });

  test('are not renamed to the name of another tag', async () => {
    const { account, sandbox } = await openSandbox({ audiences: [CARRIED] });
    const [loyal] = await account.tags(AUDIENCE);
    await account.createTag(AUDIENCE, 'Other');
    const renaming = account.renameTag(AUDIENCE, { ...loyal!, name: 'other' });
    await expect(renaming).rejects.toMatchObject({ code: 'TAG_TAKEN' });
    expect(sandbox.state(AUDIENCE).tags).toEqual({ Loyal: 1, Other: 0 });
  });
});

describe('contacts', () => {
  test('are the subscribed, unsubscribed and transactional members of all audiences', async () => {
    const statuses = [
      'subscribed',
      'unsubscribed',
      'transactional',
      'cleaned',
      'pending',
      'archived',
    ] as const;
    const members = statuses.map((status) => ({ email_address: `${status}@shop.test`, status }));
    const { account } = await openSandbox({
      audiences: [
        { id: AUDIENCE, name: 'One', members },
        { id: 'ffffffffff', name: 'Two', members: members.slice(0, 2) },
      ],
    });
    expect(await account.contacts()).toBe(5);
  });
});

const CARRIED = {
  id: AUDIENCE,
  name: 'Newsletter',
  members: [{ email_address: 'ada@shop.test', status: 'unsubscribed' as const, tags: ['Loyal'] }],
};
