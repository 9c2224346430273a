import { describe, expect, test } from '@jest/globals';
import { ADA, AUDIENCE, hash, LIST, memberPath, problem, seeded, withSandbox } from './support';

describe('one member', () => {
  test('is created by PUT with status_if_new, and returned in full', async () => {
    await withSandbox({}, async (api) => {
      const { status, body, text } = await api.put(memberPath(ADA), {
        email_address: ` ${ADA} `,
        status_if_new: 'subscribed',
        merge_fields: { FNAME: 'Ada', LNAME: 'Lovelace' },
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        id: hash(ADA),
        email_address: ADA,
        full_name: 'Ada Lovelace',
        status: 'subscribed',
        email_type: 'html',
        merge_fields: { FNAME: 'Ada', LNAME: 'Lovelace', ADDRESS: '', PHONE: '' },
        tags: [],
        tags_count: 0,
        list_id: AUDIENCE,
        ip_opt: '127.0.0.1',
      });
      expect(body.last_changed).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      // The recorded reply of the real service has 3,303 bytes.
      expect(text.length).toBeGreaterThan(2800);
      expect(text.length).toBeLessThan(3800);
    });
  });

  test('is found by hash, address and contact id, but not by an upper-case hash', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api) => {
      const { body } = await api.member(ADA);
      for (const reference of [hash(ADA), encodeURIComponent(ADA), body.contact_id])
        expect((await api.get(`${LIST}/members/${reference}`)).body.id).toBe(hash(ADA));
      expect((await api.get(`${LIST}/members/${hash(ADA).toUpperCase()}`)).status).toBe(404);
      expect((await api.get(`${LIST}/members/${hash('nobody@wp.pl')}`)).status).toBe(404);
      expect((await api.get(`${LIST}/members/test%40test.com`)).status).toBe(400);
    });
  });

  test('lean replies omit links, and little else', async () => {
    await withSandbox(
      { replies: 'lean', ...seeded({ email_address: ADA, status: 'subscribed', tags: ['A'] }) },
      async (api) => {
        const { body, text } = await api.member(ADA);
        expect(body).toMatchObject({
          id: hash(ADA),
          email_address: ADA,
          status: 'subscribed',
          tags_count: 1,
        });
        expect(text.length).toBeLessThan(500);
      },
    );
  });

  test('shows at most fifty tags, and their number', async () => {
    const tags = Array.from({ length: 60 }, (_, place) => `Tag ${place}`);
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed', tags }), async (api) => {
      const { body } = await api.member(ADA);
      expect([body.tags.length, body.tags_count]).toEqual([50, 60]);
      expect((await api.get(`${memberPath(ADA)}/tags?count=1000`)).body.tags).toHaveLength(60);
      expect((await api.get(`${memberPath(ADA)}/tags`)).body.tags).toHaveLength(10);
    });
  });

  test('keeps contact id and web id when the address changes, but not the hash', async () => {
    await withSandbox(
      seeded(
        { email_address: ADA, status: 'subscribed' },
        { email_address: 'x@wp.pl', status: 'subscribed' },
      ),
      async (api) => {
        const before = (await api.member(ADA)).body;
        const after = (await api.put(memberPath(ADA), { email_address: 'ada@king.org' })).body;
        expect(after).toMatchObject({
          id: hash('ada@king.org'),
          web_id: before.web_id,
          contact_id: before.contact_id,
        });
        expect((await api.member(ADA)).status).toBe(404);
        expect(problem(await api.put(memberPath('ada@king.org'), { email_address: 'x@wp.pl' }))).toEqual({
          status: 400,
          title: 'Member Exists',
          detail: 'x@wp.pl is already a list member. Use PUT to insert or update list members.',
          typed: false,
        });
      },
    );
  });

  test('a change of the address of a bounced member is refused, with the rest of the request', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'cleaned' }), async (api) => {
      const { body } = await api.patch(memberPath(ADA), {
        email_address: 'ada@king.org',
        merge_fields: { FNAME: 'A' },
      });
      expect(body.detail).toBe(
        'This member\'s status is "cleaned." You can only update email addresses for members with a status of "subscribed."',
      );
      expect((await api.member(ADA)).body.merge_fields.FNAME).toBe('');
    });
  });

  test('POST refuses an existing member, and accepts an archived one with its previous tags and fields', async () => {
    const kept = { tags: ['A'], merge_fields: { FNAME: 'Ada' } };
    await withSandbox(
      seeded(
        { email_address: ADA, status: 'archived', ...kept },
        { email_address: 'x@wp.pl', status: 'pending' },
      ),
      async (api) => {
        const { status, body } = await api.post(`${LIST}/members`, {
          email_address: ADA,
          status: 'subscribed',
        });
        expect(status).toBe(200);
        expect(body).toMatchObject({
          status: 'subscribed',
          merge_fields: { FNAME: 'Ada' },
          tags: [{ name: 'A' }],
        });
        expect(
          (await api.post(`${LIST}/members`, { email_address: 'x@wp.pl', status: 'subscribed' })).body.title,
        ).toBe('Member Exists');
      },
    );
  });

  test('PUT without an address works for an existing member, but not for a new one', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api) => {
      expect((await api.put(memberPath(ADA), { status: 'unsubscribed' })).body.status).toBe('unsubscribed');
      expect((await api.put(memberPath('x@wp.pl'), { status_if_new: 'subscribed' })).body.errors).toEqual([
        { field: '', message: 'Required fields were not provided: email_address' },
      ]);
      expect((await api.put(memberPath('x@wp.pl'), { email_address: 'x@wp.pl' })).status).toBe(400);
      expect((await api.patch(memberPath('x@wp.pl'), { status: 'subscribed' })).status).toBe(404);
    });
  });
});
