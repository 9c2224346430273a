import { describe, expect, test } from '@jest/globals';
import type { MemberSeed } from '../../src/sandbox/index';
import type { Api, Json } from './support';
import { ADA, AUDIENCE, hash, LIST, memberPath, seeded, withSandbox } from './support';

const DAY_MS = 24 * 3_600_000;
const FIRST = Date.parse('2026-01-01T00:00:00Z');
const dayOf = (place: number): string => `2026-01-0${place + 1}T00:00:00+00:00`;

const subscribed: MemberSeed = { email_address: ADA, status: 'subscribed' };
const unsubscribe = { audience: AUDIENCE, email: ADA, action: 'unsubscribe' } as const;

/** A clock that a test sets to a day. */
function calendar(): { readonly clock: () => number; day: number } {
  const self = { day: 0, clock: () => FIRST + self.day * DAY_MS };
  return self;
}

const optOf = async (api: Api): Promise<string> => (await api.member(ADA)).body.timestamp_opt as string;

describe('timestamp_opt', () => {
  test('stays when a member unsubscribes, and is the time of a later opt-in', async () => {
    const time = calendar();
    await withSandbox({ ...seeded(subscribed), clock: time.clock }, async (api, { control }) => {
      time.day = 1;
      control.act(unsubscribe);
      expect(await optOf(api)).toBe(dayOf(0));
      time.day = 2;
      control.act({ ...unsubscribe, action: 'subscribe' });
      expect(await optOf(api)).toBe(dayOf(2));
    });
  });

  test('is the time of the revival of an archived member', async () => {
    const time = calendar();
    await withSandbox({ ...seeded(subscribed), clock: time.clock }, async (api) => {
      time.day = 1;
      expect((await api.delete(memberPath(ADA))).status).toBe(204);
      expect(await optOf(api)).toBe(dayOf(0));
      time.day = 2;
      await api.subscribe([{ email_address: ADA, status_if_new: 'subscribed' }]);
      expect(await optOf(api)).toBe(dayOf(2));
    });
  });

  test('is the one that was sent, until the member opts in again', async () => {
    const time = calendar();
    await withSandbox({ clock: time.clock }, async (api, { control }) => {
      const sent = '2020-05-05T00:00:00+00:00';
      await api.put(memberPath(ADA), { email_address: ADA, status: 'subscribed', timestamp_opt: sent });
      expect(await optOf(api)).toBe(sent);
      control.act(unsubscribe);
      time.day = 3;
      control.act({ ...unsubscribe, action: 'subscribe' });
      expect(await optOf(api)).toBe(dayOf(3));
    });
  });

  test('is empty for a member that has never been subscribed, and set when it confirms', async () => {
    const time = calendar();
    const pending = seeded({ email_address: ADA, status: 'pending' });
    await withSandbox({ ...pending, clock: time.clock }, async (api, { control }) => {
      expect(await optOf(api)).toBe('');
      time.day = 1;
      control.act({ ...unsubscribe, action: 'confirm' });
      expect(await optOf(api)).toBe(dayOf(1));
    });
  });

  test('decides which members a listing since a time has', async () => {
    const time = calendar();
    const both = seeded(subscribed, { email_address: 'x@wp.pl', status: 'unsubscribed' });
    await withSandbox({ ...both, clock: time.clock }, async (api, { control }) => {
      time.day = 2;
      control.act({ ...unsubscribe, email: 'x@wp.pl', action: 'subscribe' });
      const { body } = await api.get(`${LIST}/members?since_timestamp_opt=2026-01-02T00:00:00Z`);
      expect(body.members.map((member: Json) => member.email_address as string)).toEqual(['x@wp.pl']);
    });
  });
});

test('a PUT under the hash of another address is refused when the address is known', async () => {
  await withSandbox(seeded(subscribed), async (api, sandbox) => {
    const wrong = `${LIST}/members/${hash('else@wp.pl')}`;
    const { status, body } = await api.put(wrong, { email_address: ADA, status_if_new: 'subscribed' });
    expect([status, body.title, 'type' in body]).toEqual([400, 'Member Exists', false]);
    const inCapitals = `${LIST}/members/${hash(ADA).toUpperCase()}`;
    expect((await api.put(inCapitals, { email_address: ADA, status_if_new: 'subscribed' })).body.title).toBe(
      'Member Exists',
    );
    expect(sandbox.state(AUDIENCE).members).toBe(1);
  });
});

describe('the order', () => {
  test('of merge fields in a member is that of their tags', async () => {
    await withSandbox(seeded(subscribed), async (api) => {
      await api.post(`${LIST}/merge-fields`, { tag: 'AGE', name: 'Age', type: 'number' });
      const { body } = await api.member(ADA);
      expect(Object.keys(body.merge_fields as object)).toEqual(['ADDRESS', 'AGE', 'FNAME', 'LNAME', 'PHONE']);
      await api.delete(`${LIST}/merge-fields/1`);
      expect(Object.keys((await api.member(ADA)).body.merge_fields as object)).toEqual([
        'ADDRESS',
        'AGE',
        'LNAME',
        'PHONE',
      ]);
    });
  });

  test('of the tags of a member is another at each read', async () => {
    const tags = Array.from({ length: 8 }, (_, place) => `Tag ${place}`);
    await withSandbox(seeded({ ...subscribed, tags }), async (api) => {
      const orders = new Set<string>();
      for (let read = 0; read < 10; read++) {
        const names = (await api.member(ADA)).body.tags.map(({ name }: { name: string }) => name) as string[];
        expect(names.toSorted()).toEqual(tags);
        orders.add(names.join());
      }
      expect(orders.size).toBeGreaterThan(1);
    });
  });

  test('DESC is the exact reverse of ASC, also among members of the same second', async () => {
    const members = Array.from({ length: 6 }, (_, place): MemberSeed => ({
      ...subscribed,
      email_address: `p${place}@wp.pl`,
    }));
    await withSandbox(seeded(...members), async (api) => {
      const addresses = async (direction: string, field: string): Promise<string[]> =>
        (await api.get(`${LIST}/members?sort_field=${field}&sort_dir=${direction}`)).body.members.map(
          (member: Json) => member.email_address as string,
        );
      for (const field of ['last_changed', 'timestamp_opt'])
        expect(await addresses('DESC', field)).toEqual((await addresses('ASC', field)).toReversed());
    });
  });
});

test('last_changed moves when the address changes', async () => {
  const time = calendar();
  await withSandbox({ ...seeded(subscribed), clock: time.clock }, async (api) => {
    time.day = 2;
    const { body } = await api.patch(memberPath(ADA), { email_address: 'countess@lovelace.org' });
    expect([body.email_address, body.last_changed]).toEqual(['countess@lovelace.org', dayOf(2)]);
  });
});

test('an unsubscription by the API is one by admin, and a location has a region', async () => {
  await withSandbox(seeded(subscribed), async (api) => {
    const { body } = await api.patch(memberPath(ADA), { status: 'unsubscribed' });
    expect(body.unsubscribe_reason).toBe('N/A (Unsubscribed by admin)');
    expect(body.location).toHaveProperty('region', '');
  });
});

test.each(['merge-fields', 'segments', 'interest-categories'])('the list of %s has links', async (name) => {
  await withSandbox({}, async (api, sandbox) => {
    const { body } = await api.get(`${LIST}/${name}`);
    expect(body._links[0].rel).toBe('self');
    expect(new URL(body._links[0].href as string).pathname).toBe(`/3.0${LIST}/${name}`);
    sandbox.control.set({ replies: 'lean' });
    expect((await api.get(`${LIST}/${name}`)).body).not.toHaveProperty('_links');
  });
});

test('enumWording: a value that is none of a list is refused in the words of today, or in old ones', async () => {
  await withSandbox({}, async (api, sandbox) => {
    const errors = async (): Promise<Json> =>
      (await api.put(memberPath(ADA), { email_address: ADA, status: 'gone' })).body.errors;
    const allowed = 'subscribed, unsubscribed, cleaned, pending, transactional';
    expect(await errors()).toEqual([
      { field: 'status', message: `Value must be one of: ${allowed}  (not gone)` },
    ]);
    sandbox.control.set({ switches: { enumWording: 'acceptedValues' } });
    expect(await errors()).toEqual([
      { field: 'status', message: `Data presented is not one of the accepted values: ${allowed}.` },
    ]);
  });
});

test('enumWording: a choice that does not exist is refused in either wording, in its row', async () => {
  const mergeFields = [
    { tag: 'SIZE', name: 'Size', type: 'dropdown' as const, options: { choices: ['S', 'L'] } },
  ];
  const audiences = [{ id: AUDIENCE, name: 'One', mergeFields }];
  await withSandbox({ audiences, switches: { enumWording: 'acceptedValues' } }, async (api) => {
    const row = { email_address: ADA, status_if_new: 'subscribed', merge_fields: { SIZE: 'M' } };
    expect((await api.subscribe([row])).body.errors[0]).toMatchObject({
      field: 'SIZE',
      field_message: 'Data presented is not one of the accepted values: S, L.',
    });
  });
});
