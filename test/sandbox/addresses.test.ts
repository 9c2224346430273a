import { describe, expect, test } from '@jest/globals';
import type { Answer, Api } from './support';
import { LIST, memberPath, withSandbox } from './support';

const put = (api: Api, email: string): Promise<Answer> =>
  api.put(memberPath(email), { email_address: email, status_if_new: 'subscribed' });

describe('addresses', () => {
  test.each([
    'stanisław.wójcik@wp.pl',
    'nobody',
    'a@b',
    'a b@wp.pl',
    'one@wp.pl,two@wp.pl',
    'dot.@wp.pl',
    'two..dots@wp.pl',
    'end@wp.pl.',
    '@wp.pl',
  ])('%s is not valid', async (email) => {
    await withSandbox({}, async (api) => {
      const { status, body } = await put(api, email);
      expect([status, body.title, body.detail]).toEqual([
        400,
        'Invalid Resource',
        'Please provide a valid email address.',
      ]);
    });
  });

  test.each([
    "o'brien+news@wp.pl",
    'info@bücher.de',
    'a@xn--bcher-kva.de',
    'a@b.co.uk',
    'a_b-c=d@sub.domain.museum',
  ])('%s is valid', async (email) => {
    await withSandbox({}, async (api) => expect((await put(api, email)).status).toBe(200));
  });

  test.each(['a@example.com', 'a@test.com', 'a@mailinator.com', 'a@GMIL.com'])(
    '%s looks fake',
    async (email) => {
      await withSandbox({}, async (api) =>
        expect((await put(api, email)).body.detail).toBe(
          `${email} looks fake or invalid, please enter a real email address.`,
        ),
      );
    },
  );

  test('an empty address is blank', async () => {
    await withSandbox({}, async (api) =>
      expect(
        (await api.post(`${LIST}/members`, { email_address: '', status: 'subscribed' })).body.detail,
      ).toBe('Blank email address'),
    );
  });
});
