import { describe, expect, test } from '@jest/globals';
import * as fc from '../support/fast-check';
import type { Chunk, RowResult } from '../../src/contract/plan';
import { accountFor, type ChunkReply } from '../../src/mailchimp/accounting';
import { subscriberHash } from '../../src/mailchimp/subscriber-hash';
import { byEmail, addresses, row, untags, upserts } from './support';

const account = (chunk: Chunk, answer: ChunkReply) => accountFor(chunk, answer, 'subscribed');

function reply(body: object, status = 200): { status: number; response: string } {
  return { status, response: JSON.stringify(body) };
}

const ACK: RowResult['result'] = 'acknowledged';

/** The list of a generated reply that a row is in, and how the reply writes its address. */
const fate = fc.record({
  where: fc.constantFrom('new', 'updated', 'error', 'nowhere'),
  upper: fc.boolean(),
  padding: fc.constantFrom('', ' ', '\t', '\n '),
  quotes: fc.constantFrom('', '"', "'", '\\"'),
  byIdOnly: fc.boolean(),
  place: fc.integer(),
});

describe('a move towards subscribed that was not requested', () => {
  const KNOWN = 'ada@mail.chinook.org';
  const accountMember = (was: string | null, list: 'new_members' | 'updated_members', status: string) => {
    const chunk = { kind: 'upsert', chunk: 0, rows: [row(KNOWN, { known: true, status: was })] } as const;
    const lists = { new_members: [], updated_members: [], errors: [] };
    const member = { id: subscriberHash(KNOWN), email_address: KNOWN, status };
    return account(chunk, reply({ ...lists, [list]: [member] }))[0];
  };

  test.each([
    ['unsubscribed', 'updated_members', 'subscribed'],
    ['cleaned', 'updated_members', 'pending'],
    ['archived', 'new_members', 'subscribed'],
    [null, 'new_members', 'subscribed'],
  ] as const)('is found in the reply: %s before, in %s as %s', (was, list, status) => {
    expect(accountMember(was, list, status)).toMatchObject({ result: 'acknowledged', class: 'resubscribed' });
  });

  test.each([
    ['subscribed', 'updated_members', 'unsubscribed'],
    ['unsubscribed', 'updated_members', 'cleaned'],
    ['pending', 'updated_members', 'subscribed'],
    [null, 'updated_members', 'subscribed'],
  ] as const)('is not seen where there is none: %s before, in %s as %s', (was, list, status) => {
    expect(accountMember(was, list, status)).not.toHaveProperty('class');
  });

  test('is not seen in a member whose status the reply does not name', () => {
    const rows = [row(KNOWN, { known: true, status: 'unsubscribed' })];
    const answer = reply({ new_members: [], updated_members: [{ email_address: KNOWN }], errors: [] });
    const results = account({ kind: 'upsert', chunk: 0, rows }, answer);
    expect(results).toEqual([{ chunk: 0, email: KNOWN, result: ACK }]);
  });

  test.each([
    ['new_members', 'subscribed', true],
    ['new_members', 'pending', false],
    ['updated_members', 'subscribed', false],
  ] as const)(
    'is found only for a subscribed new contact where pending was requested: in %s as %s',
    (list, status, isFound) => {
      const lists = { new_members: [], updated_members: [], errors: [] };
      const answer = reply({ ...lists, [list]: [{ email_address: 'person0@shop.test', status }] });
      const [result] = accountFor(upserts(addresses(1)), answer, 'pending');
      expect(result?.class).toBe(isFound ? 'resubscribed' : undefined);
    },
  );
});

/** Class and text of a row with these errors. */
const texts = (errors: readonly object[]) =>
  account(upserts(addresses(1)), reply({ new_members: [], updated_members: [], errors })).map(
    ({ class: name, text }) => [name, text],
  );

describe('accounting for an upsert', () => {
  test('gives every row exactly one result, whatever the order, case, padding and quotes of the reply', () => {
    const emails = fc.uniqueArray(fc.emailAddress(), {
      minLength: 1,
      maxLength: 20,
      selector: (email) => email.toLowerCase(),
    });
    const cases = emails.chain((list) =>
      fc.tuple(fc.constant(list), fc.array(fate, { minLength: list.length, maxLength: list.length })),
    );
    fc.assert(
      fc.property(cases, ([list, fates]) => {
        const rows = list
          .map((email, n) => ({ email, ...fates[n]! }))
          .toSorted((a, b) => a.place - b.place)
          .map(({ email, upper, padding, quotes, ...rest }) => {
            const cased = upper ? email.toUpperCase() : email.toLowerCase();
            return { ...rest, email, echo: `${padding}${quotes}${cased}${quotes}${padding}` };
          });
        const member = ({ email, echo, byIdOnly }: (typeof rows)[number]) => ({
          id: subscriberHash(email),
          email_address: byIdOnly ? 'other@shop.test' : echo,
          status: 'subscribed',
        });
        const results = account(
          upserts(list),
          reply({
            new_members: rows.filter(({ where }) => where === 'new').map(member),
            updated_members: rows.filter(({ where }) => where === 'updated').map(member),
            errors: rows
              .filter(({ where }) => where === 'error')
              .map(({ echo }) => ({ email_address: echo, error: 'Odd', error_code: 'ERROR_GENERIC' })),
          }),
        );
        expect(results.map(({ email }) => email)).toEqual(list);
        expect(results.map(({ result }) => result)).toEqual(
          fates.map(({ where }) =>
            where === 'nowhere' ? 'unproven' : where === 'error' ? 'rejected' : 'acknowledged',
          ),
        );
      }),
    );
  });

  test('gives every row exactly one result for any reply', () => {
    const anyStatus = fc.constantFrom(0, 200, 204, 400, 404, 429, 500, 502);
    fc.assert(
      fc.property(anyStatus, fc.oneof(fc.json(), fc.string()), (status, response) => {
        const results = account(upserts(addresses(3)), { status, response });
        expect(results.map(({ email }) => email)).toEqual(addresses(3));
        expect(new Set(results.map(({ result }) => result))).toEqual(new Set(['unproven']));
      }),
    );
  });

  test('lets an error of a row override its acknowledgement', () => {
    const results = account(
      upserts(addresses(1)),
      reply({
        new_members: [{ email_address: 'person0@shop.test', status: 'subscribed' }],
        updated_members: [],
        errors: [{ email_address: 'person0@shop.test', error: 'Your merge fields were invalid.' }],
      }),
    );
    expect(byEmail(results)).toEqual({ 'person0@shop.test': 'rejected merge_field' });
  });

  test('assigns an error with an empty address to the row that its text names', () => {
    const results = account(
      upserts(addresses(2)),
      reply({
        new_members: [],
        updated_members: [],
        errors: [
          {
            email_address: '',
            error: 'PERSON1@shop.test has signed up to a lot of lists very recently; …',
          },
          { email_address: '', error: 'Recipient "" has too many recent signup requests' },
        ],
      }),
    );
    expect(byEmail(results)).toEqual({
      'person0@shop.test': 'unproven no_answer',
      'person1@shop.test': 'throttled too_many_signups',
    });
  });

  test('counts a row as new only when the reply lists it as new', () => {
    const [first, second] = addresses(2).map((email) => ({ email_address: email, status: 'subscribed' }));
    const answer = reply({ new_members: [first], updated_members: [second], errors: [] });
    expect(account(upserts(addresses(2)), answer).map(({ isNew }) => isNew)).toEqual([true, undefined]);
  });

  test('keeps the results of the other rows when one member is malformed', () => {
    const results = account(
      upserts(addresses(2)),
      reply({
        new_members: [{ email_address: null }, { email_address: 'person1@shop.test', status: 'pending' }],
        updated_members: [],
        errors: [],
      }),
    );
    expect(results).toEqual([
      { chunk: 7, email: 'person0@shop.test', result: 'unproven', class: 'no_answer' },
      { chunk: 7, email: 'person1@shop.test', result: ACK, status: 'pending', isNew: true },
    ]);
  });

  test('keeps what Mailchimp says of a row and its field, without the address', () => {
    const error = {
      email_address: 'person0@shop.test',
      error: 'person0@shop.test has an odd field.',
      error_code: 'ERROR_GENERIC',
      field: 'FNAME',
      field_message: 'Please enter a name',
    };
    expect(texts([error])).toEqual([
      ['merge_field', '«address» has an odd field. FNAME: Please enter a name'],
    ]);
    expect(texts([{ ...error, field_message: '' }])).toEqual([['unknown', '«address» has an odd field.']]);
    expect(texts([{ ...error, error: '' }])).toEqual([['merge_field', 'FNAME: Please enter a name']]);
    expect(texts([{ email_address: 'person0@shop.test' }])).toEqual([['unknown', '']]);
    expect(texts([{ email_address: 'person0@shop.test', error_code: 'ERROR_CONTACT_EXISTS' }])).toEqual([
      ['exists', ''],
    ]);
  });

  test('keeps a resubscribed contact as such when the reply has an error of it as well', () => {
    const members = [{ email_address: 'person0@shop.test', status: 'subscribed' }];
    const errors = [{ email_address: 'person0@shop.test', error: 'Odd' }];
    const answer = reply({ new_members: members, updated_members: [], errors });
    expect(accountFor(upserts(addresses(1)), answer, 'pending')).toMatchObject([
      { result: 'acknowledged', class: 'resubscribed', text: 'was not in the audience' },
    ]);
  });

  test('finds a member without an address by its id, in any case', () => {
    const id = subscriberHash('person1@shop.test').toUpperCase();
    const answer = reply({ new_members: [], updated_members: [{ id }], errors: [] });
    expect(account(upserts(addresses(2)), answer)).toEqual([
      { chunk: 7, email: 'person0@shop.test', result: 'unproven', class: 'no_answer' },
      { chunk: 7, email: 'person1@shop.test', result: ACK },
    ]);
  });

  test.each([
    'The address (person1@shop.test), is odd',
    'Odd: "person1@shop.test".',
    "x@y.test is not 'person1@shop.test';",
  ])('finds an address among the punctuation of a text: %s', (error) => {
    const answer = reply({ new_members: [], updated_members: [], errors: [{ error }] });
    expect(byEmail(account(upserts(addresses(2)), answer))).toEqual({
      'person0@shop.test': 'unproven no_answer',
      'person1@shop.test': 'rejected unknown',
    });
  });

  test('removes one pair of quotes at a time, since an address may have quotes of its own', () => {
    const email = '"ada"@shop.test';
    for (const echo of [email, `"${email}"`, `'"${email}"'`]) {
      const answer = reply({ new_members: [{ email_address: echo }], updated_members: [], errors: [] });
      expect(byEmail(account(upserts([email]), answer))).toEqual({ [email]: 'acknowledged' });
    }
  });

  test('keeps what Mailchimp says of a refused chunk, without addresses', () => {
    const [refused] = account(
      upserts(addresses(1)),
      reply({ title: 'Invalid Resource', detail: 'Bad row a@b.test' }, 400),
    );
    expect(refused?.text).toBe('Invalid Resource Bad row «address»');
    expect(account(upserts(addresses(1)), reply({ title: 'Odd' }, 400))[0]?.text).toBe('Odd');
    for (const response of ['', '<html>', '[]', '{}'])
      expect(account(upserts(addresses(1)), { status: 400, response })[0]).not.toHaveProperty('text');
  });

  test('reads a reply of any status of success, and of no other', () => {
    const body = { new_members: [{ email_address: 'person0@shop.test' }], updated_members: [], errors: [] };
    const results = [199, 200, 299, 300, 499, 500].map(
      (status) => account(upserts(addresses(1)), reply(body, status))[0]?.class,
    );
    expect(results).toEqual([
      'chunk_refused',
      undefined,
      undefined,
      'chunk_refused',
      'chunk_refused',
      'chunk_failed',
    ]);
  });

  test.each([
    [400, '{"title":"Invalid Resource","detail":"Bad row a@b.test"}', 'chunk_refused'],
    [404, '', 'chunk_refused'],
    [500, '{"title":"Internal Server Error"}', 'chunk_failed'],
    [502, '<html>', 'chunk_failed'],
    [200, '{"new_members":[', 'unreadable'],
    [200, '', 'unreadable'],
    [200, '{"new_members":[]}', 'unreadable'],
  ])('leaves a chunk that was answered %d %j unproven: %s', (status, response, name) => {
    const results = account(upserts(addresses(2)), { status, response });
    expect(byEmail(results)).toEqual({
      'person0@shop.test': `unproven ${name}`,
      'person1@shop.test': `unproven ${name}`,
    });
    expect(JSON.stringify(results)).not.toContain('a@b.test');
  });
});

test.each(['"', '\\"', '" '])('an address that consists only of %j is processed quickly', (piece) => {
  const echo = { email_address: piece.repeat(150_000), error: piece.repeat(150_000) };
  const started = performance.now();
  const results = account(
    upserts(['ada@shop.test']),
    reply({ new_members: [echo], updated_members: [], errors: [echo] }),
  );
  expect(results).toMatchObject([{ result: 'unproven', class: 'no_answer' }]);
  expect(performance.now() - started).toBeLessThan(2_000);
});

describe('accounting for an untag', () => {
  test('acknowledges a row in no list, which did not carry the tag, and leaves a refused row unproven', () => {
    const results = account(
      untags(3, addresses(3)),
      reply({
        members_added: [],
        members_removed: [{ email_address: 'Person0@Shop.test', status: 'subscribed' }],
        errors: [{ email_addresses: [' PERSON1@shop.test'], error: 'person1@shop.test is odd' }],
      }),
    );
    expect(results).toEqual([
      { chunk: 8, email: 'person0@shop.test', result: ACK },
      {
        chunk: 8,
        email: 'person1@shop.test',
        result: 'unproven',
        class: 'untag_refused',
        text: '«address» is odd',
      },
      { chunk: 8, email: 'person2@shop.test', result: ACK },
    ]);
  });

  test('reads a reply without errors, and with an error that it cannot read', () => {
    const members_removed = [{ email_address: 'person0@shop.test' }];
    for (const more of [{}, { errors: [{}] }, { errors: [{ email_addresses: ['x@shop.test'] }] }])
      expect(account(untags(3, addresses(1)), reply({ members_removed, ...more }))).toEqual([
        { chunk: 8, email: 'person0@shop.test', result: ACK },
      ]);
    const errors = [{ email_addresses: ['person0@shop.test'] }];
    expect(account(untags(3, addresses(1)), reply({ members_removed, errors }))).toMatchObject([
      { class: 'untag_refused', text: '' },
    ]);
  });

  test('leaves all rows unproven for a refused or unreadable reply', () => {
    expect(byEmail(account(untags(3, addresses(1)), reply({ title: 'Not Found' }, 404)))).toEqual({
      'person0@shop.test': 'unproven chunk_refused',
    });
    expect(byEmail(account(untags(3, addresses(1)), reply({})))).toEqual({
      'person0@shop.test': 'unproven unreadable',
    });
  });
});
