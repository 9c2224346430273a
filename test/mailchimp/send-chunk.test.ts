import { describe, expect, test } from '@jest/globals';
import { AUDIENCE, byEmail, DELIVERY, openSandbox, addresses, row, untags, upserts } from './support';

const UPSERT = 'POST /lists/*';

describe('an upsert chunk sent directly', () => {
  test('adds members with status_if_new, fields and tags, and acknowledges each', async () => {
    const { account, sandbox } = await openSandbox();
    const results = await account.sendChunk(DELIVERY, upserts(addresses(500)));
    expect(results).toHaveLength(500);
    expect(new Set(results.map(({ result }) => result))).toEqual(new Set(['acknowledged']));
    expect(results[3]).toEqual({
      chunk: 7,
      email: 'person3@shop.test',
      result: 'acknowledged',
      status: 'subscribed',
      isNew: true,
    });
    expect(sandbox.state(AUDIENCE)).toMatchObject({ members: 500, tags: { Loyal: 500 } });
    expect([...sandbox.members(AUDIENCE, { email: 'person3@shop.test' })]).toMatchObject([
      { status: 'subscribed', mergeFields: { FNAME: 'Ada' }, tags: ['Loyal'] },
    ]);
    expect(sandbox.warnings).toEqual([]);
  });

  test('keeps the status of existing members, and returns it', async () => {
    const { account, sandbox } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [
            { email_address: 'Out@shop.test', status: 'unsubscribed' },
            { email_address: 'bounced@shop.test', status: 'cleaned' },
            { email_address: 'asked@shop.test', status: 'pending', tags: ['Of another tool'] },
          ],
        },
      ],
    });
    const results = await account.sendChunk(
      DELIVERY,
      upserts(['out@shop.test', 'bounced@shop.test', 'asked@shop.test']),
    );
    expect(results.map(({ result, status }) => [result, status])).toEqual([
      ['acknowledged', 'unsubscribed'],
      ['acknowledged', 'cleaned'],
      ['acknowledged', 'pending'],
    ]);
    expect([...sandbox.members(AUDIENCE, { email: 'asked@shop.test' })][0]!.tags).toEqual([
      'Of another tool',
      'Loyal',
    ]);
  });

  test('returns the class and text of each refused row, without its address', async () => {
    const { account, sandbox } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [{ email_address: 'gone@shop.test', status: 'subscribed' }],
          mergeFields: [
            { tag: 'FNAME', name: 'First name', type: 'text' },
            { tag: 'AGE', name: 'Age', type: 'number' },
          ],
        },
      ],
    });
    sandbox.control.act({ audience: AUDIENCE, email: 'gone@shop.test', action: 'delete-permanent' });
    sandbox.control.act({ audience: AUDIENCE, email: 'eager@shop.test', action: 'throttle' });
    const chunk = upserts([
      'ok@shop.test',
      'x@example.com',
      'no-at-sign',
      'gone@shop.test',
      'eager@shop.test',
    ]);
    const results = await account.sendChunk(DELIVERY, {
      ...chunk,
      rows: [...chunk.rows, row('old@shop.test', { fields: '{"AGE":"very"}' })],
    });
    expect(byEmail(results)).toEqual({
      'ok@shop.test': 'acknowledged',
      'x@example.com': 'rejected fake',
      'no-at-sign': 'rejected address_invalid',
      'gone@shop.test': 'suppressed forgotten',
      'eager@shop.test': 'throttled too_many_signups',
      'old@shop.test': 'rejected merge_field',
    });
    for (const { email, text } of results) expect(text ?? '').not.toContain(email);
    expect(results[5]!.text).toBe('Your merge fields were invalid. AGE: Please enter a number');
  });

  test.each([
    { addressEcho: 'stored' },
    { addressEcho: 'sent' },
    { addressEcho: 'lower' },
    { quotedErrorAddress: true },
    { tagsInReply: false },
    { archivedStaysArchived: true },
    { schemaErrorsRefuseRequest: false },
  ] as const)('accounts for every row when Mailchimp has %j', async (switches) => {
    const { account } = await openSandbox({
      switches,
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [
            { email_address: 'Known@Shop.test', status: 'subscribed' },
            { email_address: 'Old@Shop.test', status: 'archived' },
          ],
        },
      ],
    });
    const emails = ['new@shop.test', 'known@shop.test', 'old@shop.test', 'x@example.com'];
    expect(byEmail(await account.sendChunk(DELIVERY, upserts(emails)))).toEqual({
      'new@shop.test': 'acknowledged',
      'known@shop.test': 'acknowledged',
      'old@shop.test': 'acknowledged',
      'x@example.com': 'rejected fake',
    });
  });

  test('leaves a row that the reply does not name unproven', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail({ match: UPSERT, effect: { type: 'omitRows', count: 2 } });
    const results = await account.sendChunk(DELIVERY, upserts(addresses(5)));
    expect(results).toHaveLength(5);
    expect(results.filter(({ class: name }) => name === 'no_answer')).toHaveLength(2);
    expect(results.filter(({ result }) => result === 'acknowledged')).toHaveLength(3);
  });

  test.each([
    `429 twice on ${UPSERT}`,
    `429 empty twice on ${UPSERT}`,
    `403 html once on ${UPSERT}`,
    `503 html twice on ${UPSERT}`,
    `500 twice on ${UPSERT}`,
    `reset once on ${UPSERT}`,
    `502 after applying once on ${UPSERT}`,
    `reset after applying once on ${UPSERT}`,
    `reset mid body once on ${UPSERT}`,
  ])('succeeds in spite of %s', async (fault) => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail(fault);
    const results = await account.sendChunk(DELIVERY, upserts(addresses(3)));
    expect(results.map(({ result }) => result)).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
    expect(sandbox.state(AUDIENCE)).toMatchObject({ members: 3, tags: { Loyal: 3 } });
    const sent = sandbox.requests().reduce((sum, { count }) => sum + count, 0);
    expect(account.requests()).toBe(sent);
  });

  test.each([
    { fault: '429 always', code: 'MAILCHIMP_BUSY', name: 'busy', requests: 5 },
    { fault: '403 html always', code: 'MAILCHIMP_BUSY', name: 'busy', requests: 5 },
    { fault: '502 after applying always', code: 'MAILCHIMP_UNAVAILABLE', name: 'reply_lost', requests: 2 },
    { fault: 'reset always', code: 'MAILCHIMP_UNAVAILABLE', name: 'reply_lost', requests: 2 },
    { fault: '403 always', code: 'ROLE_TOO_LOW', name: 'role', requests: 1 },
    { fault: '401 always', code: 'KEY_INVALID', name: 'key', requests: 1 },
  ])('fails after $fault with $code', async ({ fault, code, name, requests }) => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail(`${fault} on ${UPSERT}`);
    await expect(account.sendChunk(DELIVERY, upserts(addresses(3)))).rejects.toMatchObject({
      code,
      details: { method: 'POST', route: '/lists/{list_id}', class: name },
    });
    expect(account.requests()).toBe(requests);
  });

  test.each([
    [400, 'unknown'],
    [500, 'server_error'],
  ])('finds the one row that Mailchimp answers with %d, and sends the other rows', async (status, name) => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail({
      match: UPSERT,
      bodyIncludes: 'person123@',
      times: 'always',
      effect: { type: 'status', status },
    });
    const results = await account.sendChunk(DELIVERY, upserts(addresses(200)));
    expect(results.map(({ email }) => email)).toEqual(addresses(200));
    expect(results.filter(({ result }) => result === 'acknowledged')).toHaveLength(199);
    expect(results[123]).toMatchObject({ result: 'rejected', class: name });
    expect(sandbox.state(AUDIENCE).members).toBe(199);
  });

  test('rejects no row when Mailchimp answers 500 to every request', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail(`500 always on ${UPSERT}`);
    await expect(account.sendChunk(DELIVERY, upserts(addresses(8)))).rejects.toMatchObject({
      code: 'MAILCHIMP_UNAVAILABLE',
      details: { status: 500 },
    });
    const [only] = await account.sendChunk(DELIVERY, upserts(['ada@shop.test']));
    expect(only).toMatchObject({ result: 'unproven', class: 'chunk_failed' });
  });

  test('rejects no row when Mailchimp refuses every one of them', async () => {
    const { account } = await openSandbox({ switches: { statusIfNewOnBatch: 'refused' } });
    await expect(account.sendChunk(DELIVERY, upserts(addresses(500)))).rejects.toMatchObject({
      code: 'MAILCHIMP_REFUSED',
      details: { status: 400 },
    });
    expect(account.requests()).toBeLessThan(60);
  });

  test('fails with AUDIENCE_NOT_FOUND when the audience was deleted', async () => {
    const { account } = await openSandbox();
    const unknown = { ...DELIVERY, audienceId: '0000000000' };
    await expect(account.sendChunk(unknown, upserts(['ada@shop.test']))).rejects.toMatchObject({
      code: 'AUDIENCE_NOT_FOUND',
    });
  });
});

describe('an untag chunk sent directly', () => {
  test.each(['ignored', 'removed', 'error'] as const)(
    'removes only this tag, and acknowledges members that do not carry it (%s in the reply)',
    async (segmentRemoveUntagged) => {
      const { account, sandbox } = await openSandbox({
        switches: { segmentRemoveUntagged, segmentUnknownAddress: 'error' },
        audiences: [
          {
            id: AUDIENCE,
            name: 'Newsletter',
            members: [
              { email_address: 'both@shop.test', status: 'subscribed', tags: ['Loyal', 'Of another tool'] },
              { email_address: 'none@shop.test', status: 'subscribed', tags: ['Of another tool'] },
            ],
          },
        ],
      });
      const tag = (await account.tags(AUDIENCE)).find(({ name }) => name === 'Loyal')!;
      const emails = ['both@shop.test', 'none@shop.test', 'stranger@shop.test'];
      const results = await account.sendChunk(DELIVERY, untags(tag.id, emails));
      expect(results).toEqual(emails.map((email) => ({ chunk: 8, email, result: 'acknowledged' })));
      expect(sandbox.state(AUDIENCE).tags).toEqual({ Loyal: 0, 'Of another tool': 2 });
    },
  );

  test('removes the tag by each member when its own endpoint refuses them all', async () => {
    const { account, sandbox } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: addresses(3).map((email) => ({
            email_address: email,
            status: 'subscribed',
            tags: ['Loyal'],
          })),
        },
      ],
    });
    const [tag] = await account.tags(AUDIENCE);
    sandbox.fail('400 always on POST /lists/*/segments/*');
    sandbox.fail({
      match: 'POST /lists/*/members/*/tags',
      after: 2,
      effect: { type: 'status', status: 400, detail: 'person2@shop.test is invalid' },
    });
    const results = await account.sendChunk(DELIVERY, untags(tag!.id, addresses(3)));
    expect(byEmail(results)).toEqual({
      'person0@shop.test': 'acknowledged',
      'person1@shop.test': 'acknowledged',
      'person2@shop.test': 'rejected unknown',
    });
    expect(results[2]!.text).toBe('«address» is invalid');
    expect(sandbox.state(AUDIENCE).tags).toEqual({ Loyal: 1 });
  });

  test('is acknowledged when the tag was deleted', async () => {
    const { account } = await openSandbox();
    const results = await account.sendChunk(DELIVERY, untags(999, ['ada@shop.test']));
    expect(results).toEqual([{ chunk: 8, email: 'ada@shop.test', result: 'acknowledged' }]);
  });

  test('fails with AUDIENCE_NOT_FOUND when the audience was deleted, not only the tag', async () => {
    const { account } = await openSandbox();
    const unknown = { ...DELIVERY, audienceId: '0000000000' };
    await expect(account.sendChunk(unknown, untags(999, ['ada@shop.test']))).rejects.toMatchObject({
      code: 'AUDIENCE_NOT_FOUND',
    });
  });
});
