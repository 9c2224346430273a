import { describe, expect, test } from '@jest/globals';
import type { Answer, Api } from './support';
import { ADA, AUDIENCE, memberPath, problem, seeded, withSandbox } from './support';

const put = (api: Api, body: object): Promise<Answer> =>
  api.put(memberPath(ADA), { email_address: ADA, ...body });

describe('transitions', () => {
  const COMPLIANCE = {
    status: 400,
    title: 'Member In Compliance State',
    detail: `${ADA} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.`,
    typed: false,
  };
  const start = {
    subscribed: { status: 'subscribed' },
    'unsubscribed by API': { status: 'unsubscribed', unsubscribed_by: 'api' },
    'unsubscribed by contact': { status: 'unsubscribed' },
    cleaned: { status: 'cleaned' },
    pending: { status: 'pending' },
    transactional: { status: 'transactional' },
    archived: { status: 'archived' },
  } as const;
  type Start = keyof typeof start;
  const from = (state: Start) => seeded({ email_address: ADA, ...start[state] });
  test.each<[Start, string, string]>([
    ['subscribed', 'subscribed', 'subscribed'],
    ['subscribed', 'pending', 'pending'],
    ['subscribed', 'unsubscribed', 'unsubscribed'],
    ['subscribed', 'transactional', 'transactional'],
    ['unsubscribed by API', 'subscribed', 'subscribed'],
    ['unsubscribed by API', 'pending', 'pending'],
    ['unsubscribed by contact', 'pending', 'pending'],
    ['unsubscribed by contact', 'unsubscribed', 'unsubscribed'],
    ['cleaned', 'pending', 'pending'],
    ['cleaned', 'unsubscribed', 'unsubscribed'],
    ['archived', 'subscribed', 'subscribed'],
    ['archived', 'pending', 'pending'],
    ['archived', 'unsubscribed', 'unsubscribed'],
    ['archived', 'transactional', 'transactional'],
  ])('%s, asked to be %s, becomes %s', async (state, asked, becomes) => {
    await withSandbox(from(state), async (api) => {
      const { status, body } = await put(api, { status: asked });
      expect([status, body.status]).toEqual([200, becomes]);
    });
  });

  test.each<Start>(['unsubscribed by contact', 'cleaned'])('%s cannot be subscribed', async (state) => {
    await withSandbox(from(state), async (api) => {
      expect(problem(await put(api, { status: 'subscribed' }))).toEqual(COMPLIANCE);
      // Also not through pending: the contact must confirm.
      await put(api, { status: 'pending' });
      expect(problem(await put(api, { status: 'subscribed' }))).toEqual(COMPLIANCE);
    });
  });

  test('a contact that confirms is no longer in compliance', async () => {
    await withSandbox(from('unsubscribed by contact'), async (api, sandbox) => {
      await put(api, { status: 'pending' });
      sandbox.control.act({ audience: AUDIENCE, email: ADA, action: 'confirm' });
      expect((await api.member(ADA)).body.status).toBe('subscribed');
      await put(api, { status: 'unsubscribed' });
      expect((await put(api, { status: 'subscribed' })).status).toBe(200);
    });
  });

  test('setting cleaned by API puts the contact in compliance', async () => {
    await withSandbox(from('subscribed'), async (api) => {
      await put(api, { status: 'cleaned' });
      expect(problem(await put(api, { status: 'subscribed' }))).toEqual(COMPLIANCE);
    });
  });

  test.each<Start>([
    'subscribed',
    'unsubscribed by API',
    'unsubscribed by contact',
    'cleaned',
    'pending',
    'transactional',
  ])('%s keeps its status under status_if_new, and takes the fields', async (state) => {
    await withSandbox(from(state), async (api) => {
      const { body } = await put(api, { status_if_new: 'subscribed', merge_fields: { FNAME: 'Ada' } });
      expect([body.status, body.merge_fields.FNAME]).toEqual([start[state].status, 'Ada']);
    });
  });

  test.each(['subscribed', 'pending', 'unsubscribed', 'transactional'])(
    'a permanently deleted contact cannot come back as %s',
    async (asked) => {
      await withSandbox(from('subscribed'), async (api) => {
        expect((await api.post(`${memberPath(ADA)}/actions/delete-permanent`)).status).toBe(204);
        expect((await api.member(ADA)).status).toBe(404);
        for (const body of [{ status: asked }, { status_if_new: asked }])
          expect(problem(await put(api, body))).toEqual({
            status: 400,
            title: 'Forgotten Email Not Subscribed',
            detail: `${ADA} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.`,
            typed: false,
          });
      });
    },
  );

  test.each<Start>(['subscribed', 'unsubscribed by contact', 'transactional'])(
    '%s is archived by DELETE',
    async (state) => {
      await withSandbox(from(state), async (api) => {
        expect((await api.delete(memberPath(ADA))).status).toBe(204);
        expect((await api.member(ADA)).body.status).toBe('archived');
      });
    },
  );

  test.each<Start>(['archived', 'pending', 'cleaned'])('%s cannot be archived', async (state) => {
    await withSandbox(from(state), async (api) => {
      const answer = await api.delete(memberPath(ADA));
      expect(answer.headers.get('allow')).toBe('GET, PUT');
      expect(problem(answer)).toEqual({
        status: 405,
        title: 'Method Not Allowed',
        detail:
          'This list member cannot be removed. Can not archive a contact that is bounced, pending or archived',
        typed: true,
      });
    });
  });

  test('an address that signed up too often must wait to sign up, but can be updated', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    await withSandbox({ clock: () => now }, async (api, sandbox) => {
      sandbox.control.act({ audience: AUDIENCE, email: ADA, action: 'throttle', seconds: 300 });
      const { body } = await put(api, { status_if_new: 'subscribed' });
      expect(body.detail).toBe(
        `${ADA} has signed up to a lot of lists very recently; we're not allowing more signups for now`,
      );
      now += 301_000;
      expect((await put(api, { status_if_new: 'subscribed' })).status).toBe(200);
    });
  });
});
