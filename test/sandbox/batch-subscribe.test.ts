import { describe, expect, test } from '@jest/globals';
import { ADA, AUDIENCE, hash, LIST, memberPath, problem, seeded, withSandbox } from './support';

const row = (email_address: string, rest: object = {}): object => ({
  email_address,
  status_if_new: 'subscribed',
  ...rest,
});

describe('a batch subscribe', () => {
  test('reports new, updated and refused rows, with totals that match', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'unsubscribed' }), async (api) => {
      const { status, body } = await api.subscribe([
        row('new@wp.pl', { merge_fields: { FNAME: 'N' }, tags: ['A', 'B'] }),
        row(ADA, { merge_fields: { FNAME: 'Ada' }, tags: ['A'] }),
        row('stanisław@wp.pl'),
        row('a@example.com'),
      ]);
      expect(status).toBe(200);
      expect(body.new_members).toMatchObject([
        { id: hash('new@wp.pl'), status: 'subscribed', merge_fields: { FNAME: 'N' }, tags_count: 2 },
      ]);
      expect(body.updated_members).toMatchObject([
        { id: hash(ADA), status: 'unsubscribed', merge_fields: { FNAME: 'Ada' }, tags: [{ name: 'A' }] },
      ]);
      expect(body.errors).toEqual([
        {
          email_address: 'stanisław@wp.pl',
          error: 'Please provide a valid email address.',
          error_code: 'ERROR_GENERIC',
          field: '',
          field_message: '',
        },
        {
          email_address: 'a@example.com',
          error: 'a@example.com looks fake or invalid, please enter a real email address.',
          error_code: 'ERROR_GENERIC',
          field: '',
          field_message: '',
        },
      ]);
      expect([body.total_created, body.total_updated, body.error_count]).toEqual([1, 1, 2]);
    });
  });

  test('answers 200 when every row failed', async () => {
    await withSandbox({}, async (api) => {
      const { status, body } = await api.subscribe([row('nobody')]);
      expect([status, body.error_count]).toEqual([200, 1]);
    });
  });

  test('refuses known addresses without update_existing', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api) => {
      const { body } = await api.subscribe([row(ADA)], {});
      expect(body.errors).toEqual([
        {
          email_address: ADA,
          error: `${ADA} is already a list member, do you want to update? please provide update_existing:true in the request body`,
          error_code: 'ERROR_CONTACT_EXISTS',
          field: '',
          field_message: '',
        },
      ]);
    });
  });

  test('gives the reason for each row refused for compliance, deletion, throttling or merge fields', async () => {
    const members = [
      { email_address: 'out@wp.pl', status: 'unsubscribed' as const },
      { email_address: 'gone@wp.pl', status: 'subscribed' as const },
    ];
    const mergeFields = [{ tag: 'AGE', name: 'Age', type: 'number' as const }];
    await withSandbox(
      { audiences: [{ id: AUDIENCE, name: 'One', members, mergeFields }] },
      async (api, sandbox) => {
        sandbox.control.act({ audience: AUDIENCE, email: 'gone@wp.pl', action: 'delete-permanent' });
        sandbox.control.act({ audience: AUDIENCE, email: 'slow@wp.pl', action: 'throttle' });
        const { body } = await api.subscribe([
          row('out@wp.pl', { status: 'subscribed' }),
          row('gone@wp.pl'),
          row('slow@wp.pl'),
          row('age@wp.pl', { merge_fields: { AGE: 'old' } }),
        ]);
        expect(
          body.errors.map(({ error, field, field_message }: Record<string, string>) => [
            error,
            field,
            field_message,
          ]),
        ).toEqual([
          [
            'out@wp.pl is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.',
            '',
            '',
          ],
          [
            'gone@wp.pl was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.',
            '',
            '',
          ],
          [
            "slow@wp.pl has signed up to a lot of lists very recently; we're not allowing more signups for now",
            '',
            '',
          ],
          ['Your merge fields were invalid.', 'AGE', 'Please enter a number'],
        ]);
      },
    );
  });

  test('brings an archived member back as a new one, with its previous tags and fields', async () => {
    const kept = { tags: ['Old'], merge_fields: { LNAME: 'L' } };
    await withSandbox(seeded({ email_address: ADA, status: 'archived', ...kept }), async (api) => {
      const { body } = await api.subscribe([row(ADA, { tags: ['New'] })], {});
      expect(body.new_members).toMatchObject([
        {
          status: 'subscribed',
          merge_fields: { LNAME: 'L' },
          tags: expect.arrayContaining([
            expect.objectContaining({ name: 'Old' }),
            expect.objectContaining({ name: 'New' }),
          ]),
        },
      ]);
    });
  });

  test('adds tags, and replaces them only under sync_tags with update_existing', async () => {
    await withSandbox(
      seeded({ email_address: ADA, status: 'subscribed', tags: ['Old'] }),
      async (api, sandbox) => {
        const tags = (): readonly string[] => [...sandbox.members(AUDIENCE)][0]!.tags;
        await api.subscribe([row(ADA, { tags: ['New', 'old'] })]);
        expect(tags()).toEqual(['Old', 'New']);
        await api.subscribe([row(ADA, { tags: ['Only'] })], { sync_tags: true });
        expect(tags()).toEqual(['Old', 'New']);
        await api.subscribe([row(ADA, { tags: ['Only'] })], { sync_tags: true, update_existing: true });
        expect(tags()).toEqual(['Only']);
      },
    );
  });

  test('uses the first of two equal addresses with skip_duplicate_check', async () => {
    await withSandbox({}, async (api) => {
      const members = [
        row('a@wp.pl', { merge_fields: { FNAME: '1' } }),
        row('A@wp.pl', { merge_fields: { FNAME: '2' } }),
      ];
      const { body } = await api.post(`${LIST}?skip_duplicate_check=true`, { members });
      expect([body.total_created, body.total_updated, body.error_count]).toEqual([1, 0, 0]);
      expect((await api.member('a@wp.pl')).body.merge_fields.FNAME).toBe('1');
    });
  });

  test('does not keep the order of the request', async () => {
    await withSandbox({ replies: 'lean' }, async (api) => {
      const addresses = Array.from({ length: 50 }, (_, place) => `p${place}@wp.pl`);
      const { body } = await api.subscribe(addresses.map((address) => row(address)));
      const echoed = body.new_members.map((member: { email_address: string }) => member.email_address);
      expect(echoed).not.toEqual(addresses);
      expect(echoed.toSorted()).toEqual(addresses.toSorted());
    });
  });
});

describe('the schema', () => {
  const DETAIL =
    "The resource submitted could not be validated. For field-specific details, see the 'errors' array.";

  test.each<[string, unknown, string, string]>([
    [
      'a null',
      row('b@wp.pl', { merge_fields: { FNAME: null } }),
      'members.item:1.merge_fields.FNAME',
      'Schema describes string, NULL found instead',
    ],
    [
      'no address',
      { status: 'subscribed' },
      'members.item:1',
      'Required fields were not provided: email_address',
    ],
    [
      'merge fields in a list',
      row('b@wp.pl', { merge_fields: [] }),
      'members.item:1.merge_fields',
      'Schema describes object, array found instead',
    ],
    [
      'neither status',
      { email_address: 'b@wp.pl' },
      'members.item:1',
      'Data did not match any of the schemas described in anyOf.',
    ],
    ['a row that is no object', 'b@wp.pl', 'members.item:1', 'Schema describes object, string found instead'],
    [
      'a time with fractions',
      row('b@wp.pl', { timestamp_opt: '2026-01-01T00:00:00.000Z' }),
      'members.item:1.timestamp_opt',
      'Data did not match any of the schemas described in anyOf.',
    ],
    [
      'a status that there is not',
      row('b@wp.pl', { status: 'archived' }),
      'members.item:1.status',
      'Value must be one of: subscribed, unsubscribed, cleaned, pending, transactional  (not archived)',
    ],
    [
      'an address of an office',
      row('b@wp.pl', { ip_opt: '1.2.3' }),
      'members.item:1.ip_opt',
      'Please enter a valid IP address',
    ],
  ])('refuses the whole request for %s in one row', async (...[, bad, field, message]) => {
    await withSandbox({}, async (api, sandbox) => {
      const answer = await api.subscribe([row('a@wp.pl'), bad]);
      expect(problem(answer)).toEqual({
        status: 400,
        title: 'Invalid Resource',
        detail: DETAIL,
        typed: true,
      });
      expect(answer.body.errors).toEqual([{ field, message }]);
      expect(sandbox.state(AUDIENCE).members).toBe(0);
    });
  });

  test('accepts 500 rows and refuses 501', async () => {
    await withSandbox({ replies: 'lean' }, async (api, sandbox) => {
      const rows = Array.from({ length: 501 }, (_, place) => row(`p${place}@wp.pl`));
      expect((await api.subscribe(rows)).body).toMatchObject({ status: 400, title: 'Invalid Resource' });
      expect(sandbox.state(AUDIENCE).members).toBe(0);
      expect((await api.subscribe(rows.slice(1))).body.total_created).toBe(500);
    });
  });

  test('needs members', async () => {
    await withSandbox({}, async (api) => {
      expect((await api.post(LIST, {})).body.errors).toEqual([
        { field: '', message: 'Required fields were not provided: members' },
      ]);
      expect((await api.post(LIST, [])).body.errors).toEqual([
        { field: '', message: 'Schema describes object, array found instead' },
      ]);
    });
  });

  test('ignores unknown fields and merge tags, and the sandbox warns about them', async () => {
    await withSandbox({}, async (api, sandbox) => {
      expect(
        (await api.subscribe([row(ADA, { nonsense: 1, merge_fields: { NOPE: 'x' } })])).body.total_created,
      ).toBe(1);
      expect((await api.get(memberPath(ADA))).body.merge_fields).not.toHaveProperty('NOPE');
      expect(sandbox.warnings).toEqual([
        'unknown field in a row of POST /lists/{list_id}: nonsense',
        'unknown merge tag in a row of POST /lists/{list_id}: NOPE',
      ]);
    });
  });
});
