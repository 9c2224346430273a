import { describe, expect, test } from '@jest/globals';
import type { Answer, Api } from './support';
import { ADA, AUDIENCE, LIST, memberPath, seeded, withSandbox } from './support';

const SEGMENTS = `${LIST}/segments`;
const two = seeded(
  { email_address: ADA, status: 'subscribed', tags: ['VIP'] },
  { email_address: 'x@wp.pl', status: 'unsubscribed' },
);

const setTags = (api: Api, tags: unknown): Promise<Answer> => api.post(`${memberPath(ADA)}/tags`, { tags });

const tagId = async (api: Api, name: string): Promise<number> =>
  (await api.get(`${LIST}/tag-search?name=${name}`)).body.tags[0].id as number;

describe('tags', () => {
  test('are added and removed by name; other tags do not change', async () => {
    await withSandbox(two, async (api, sandbox) => {
      expect((await setTags(api, [{ name: 'New', status: 'active' }])).status).toBe(204);
      expect([...sandbox.members(AUDIENCE, { email: ADA })][0]!.tags).toEqual(['VIP', 'New']);
      await setTags(api, [
        { name: 'vip', status: 'inactive' },
        { name: 'Never', status: 'inactive' },
      ]);
      expect((await api.get(`${memberPath(ADA)}/tags`)).body).toMatchObject({
        tags: [{ name: 'New' }],
        total_items: 1,
      });
      expect(Object.keys(sandbox.state(AUDIENCE).tags)).toEqual(['VIP', 'New']);
    });
  });

  test('answer 204 to invalid bodies, with a warning of the sandbox, and 404 for unknown members', async () => {
    await withSandbox(two, async (api, sandbox) => {
      expect((await setTags(api, [])).status).toBe(204);
      expect((await api.post(`${memberPath(ADA)}/tags`, { name: 'A', status: 'active' })).status).toBe(204);
      expect(sandbox.warnings).toEqual(['POST tags without a list of tags: nothing was changed']);
      expect((await api.post(`${memberPath('nobody@wp.pl')}/tags`, { tags: [] })).status).toBe(404);
    });
  });

  test('can be added to archived members, which stay archived', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'archived' }), async (api) => {
      expect((await setTags(api, [{ name: 'A', status: 'active' }])).status).toBe(204);
      expect((await api.member(ADA)).body).toMatchObject({ status: 'archived', tags: [{ name: 'A' }] });
    });
  });

  test('are found by the beginning of their name', async () => {
    await withSandbox(two, async (api) => {
      expect((await api.get(`${LIST}/tag-search?name=vi`)).body).toMatchObject({
        tags: [{ name: 'VIP' }],
        total_items: 1,
      });
      expect((await api.get(`${LIST}/tag-search?name=ip`)).body.total_items).toBe(0);
    });
  });
});

describe('static segments', () => {
  test('are tags under another name', async () => {
    await withSandbox(two, async (api) => {
      const id = await tagId(api, 'VIP');
      expect((await api.get(`${SEGMENTS}/${id}`)).body).toMatchObject({
        id,
        name: 'VIP',
        type: 'static',
        member_count: 1,
        list_id: AUDIENCE,
      });
      const made = (await api.post(SEGMENTS, { name: 'Empty', static_segment: [] })).body;
      expect(made).toMatchObject({ name: 'Empty', type: 'static', member_count: 0 });
      expect(await tagId(api, 'Empty')).toBe(made.id);
      expect((await api.get(`${SEGMENTS}?type=static&fields=segments.name`)).body).toEqual({
        segments: [{ name: 'VIP' }, { name: 'Empty' }],
      });
      expect((await api.get(`${SEGMENTS}?exclude_type=static`)).body.total_items).toBe(0);
    });
  });

  test('are created with the addresses that are in the audience', async () => {
    await withSandbox(two, async (api, sandbox) => {
      const { body } = await api.post(SEGMENTS, {
        name: 'S',
        static_segment: [ADA, 'x@wp.pl', 'nobody@wp.pl'],
      });
      expect(body.member_count).toBe(1);
      expect((await api.get(`${SEGMENTS}/${body.id}?include_unsubscribed=true`)).body.member_count).toBe(2);
      expect(sandbox.state(AUDIENCE).tags).toEqual({ VIP: 1, S: 2 });
      expect((await api.post(SEGMENTS, { name: 's', static_segment: [] })).status).toBe(400);
      expect((await api.post(SEGMENTS, { name: 'T' })).status).toBe(400);
    });
  });

  test('add and remove members, and list them', async () => {
    await withSandbox(two, async (api, sandbox) => {
      const id = await tagId(api, 'VIP');
      const { status, body } = await api.post(`${SEGMENTS}/${id}`, {
        members_to_add: ['x@wp.pl', 'nobody@wp.pl'],
        members_to_remove: [ADA.toUpperCase()],
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        members_added: [{ email_address: 'x@wp.pl' }],
        members_removed: [{ email_address: ADA }],
        errors: [],
        total_added: 1,
        total_removed: 1,
        error_count: 0,
      });
      expect([...sandbox.members(AUDIENCE, { tag: 'VIP' })].map(({ email }) => email)).toEqual(['x@wp.pl']);
    });
  });

  test('refuse more than 500 in one request, with the text of the real service', async () => {
    await withSandbox(two, async (api) => {
      const members_to_add = Array.from({ length: 501 }, (_, place) => `p${place}@wp.pl`);
      const { status, body } = await api.post(`${SEGMENTS}/${await tagId(api, 'VIP')}`, { members_to_add });
      expect([status, body.title, body.detail]).toEqual([
        400,
        'Invalid Resource',
        'Maximum allowed member items exceeded, please provide at most 500 items in members_to_add field or members_to_remove field',
      ]);
    });
  });

  test('can be renamed, replaced, and deleted with all their tags', async () => {
    await withSandbox(two, async (api, sandbox) => {
      const path = `${SEGMENTS}/${await tagId(api, 'VIP')}`;
      expect((await api.patch(path, { name: 'Best' })).body.name).toBe('Best');
      expect((await api.member(ADA)).body.tags).toMatchObject([{ name: 'Best' }]);
      await api.patch(path, { static_segment: ['x@wp.pl'] });
      expect([...sandbox.members(AUDIENCE, { tag: 'Best' })].map(({ email }) => email)).toEqual(['x@wp.pl']);
      expect((await api.delete(path)).status).toBe(204);
      expect((await api.get(path)).status).toBe(404);
      expect((await api.member('x@wp.pl')).body.tags).toEqual([]);
    });
  });

  test('list, add and remove single members', async () => {
    await withSandbox(two, async (api) => {
      const path = `${SEGMENTS}/${await tagId(api, 'VIP')}/members`;
      expect((await api.post(path, { email_address: 'x@wp.pl' })).body.email_address).toBe('x@wp.pl');
      expect((await api.get(path)).body.total_items).toBe(2);
      expect((await api.delete(memberPath(ADA).replace(`${LIST}/members`, path))).status).toBe(204);
      expect((await api.get(path)).body.members).toMatchObject([{ email_address: 'x@wp.pl' }]);
    });
  });
});
