import { describe, expect, test } from '@jest/globals';
import type { Api } from './support';
import { ADA, LIST, memberPath, seeded, withSandbox } from './support';

const addresses = async (api: Api, query: string): Promise<string[]> =>
  (await api.get(`${LIST}/members?${query}`)).body.members.map(
    (member: { email_address: string }) => member.email_address,
  );

describe('lists of members', () => {
  const everyStatus = seeded(
    { email_address: 'sub@wp.pl', status: 'subscribed' },
    { email_address: 'out@wp.pl', status: 'unsubscribed' },
    { email_address: 'arc@wp.pl', status: 'archived' },
    { email_address: 'pen@wp.pl', status: 'pending' },
  );

  test('contain one status on request, and archived members only then', async () => {
    await withSandbox(everyStatus, async (api, sandbox) => {
      expect(await addresses(api, '')).toEqual(['sub@wp.pl', 'out@wp.pl', 'pen@wp.pl']);
      expect(await addresses(api, 'status=archived')).toEqual(['arc@wp.pl']);
      expect(await addresses(api, 'status=unsubscribed')).toEqual(['out@wp.pl']);
      expect((await api.get(`${LIST}/members?status=nonsense`)).status).toBe(400);
      sandbox.control.set({ switches: { archivedInDefaultListing: true } });
      expect(await addresses(api, '')).toHaveLength(4);
    });
  });

  test('accept unsubscribed_since only with status unsubscribed', async () => {
    await withSandbox(everyStatus, async (api) => {
      expect((await api.get(`${LIST}/members?unsubscribed_since=2020-01-01`)).status).toBe(400);
      expect(await addresses(api, 'status=unsubscribed&unsubscribed_since=2020-01-01')).toEqual([
        'out@wp.pl',
      ]);
    });
  });

  test('filter and sort by the last change', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    await withSandbox({ ...everyStatus, clock: () => now }, async (api) => {
      now += 3_600_000;
      await api.patch(memberPath('sub@wp.pl'), { merge_fields: { FNAME: 'S' } });
      expect(await addresses(api, 'since_last_changed=2026-01-01T00:30:00Z')).toEqual(['sub@wp.pl']);
      expect(await addresses(api, 'sort_field=last_changed&sort_dir=DESC&count=1')).toEqual(['sub@wp.pl']);
    });
  });

  test('show a new member immediately', async () => {
    await withSandbox(everyStatus, async (api) => {
      expect((await api.get(`${LIST}/members`)).body.total_items).toBe(3);
      await api.put(memberPath(ADA), { email_address: ADA, status_if_new: 'subscribed' });
      expect((await api.get(`${LIST}/members`)).body.total_items).toBe(4);
    });
  });
});
