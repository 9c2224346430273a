import { describe, expect, test } from '@jest/globals';
import {
  addresses,
  AUDIENCE,
  byEmail,
  DELIVERY,
  openAt,
  openSandbox,
  serve,
  untags,
  upserts,
} from './support';
import { ExportError } from '../../src/errors';

const CHUNK = upserts(addresses(500));

/** Whatever fails is tried again, as a step of an export is. */
async function persist<Result>(work: () => Promise<Result>, tries = 8): Promise<Result> {
  for (let left = tries; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !(error instanceof ExportError) || error.code !== 'MAILCHIMP_UNAVAILABLE')
        throw error;
    }
  }
}

/** A request without an answer keeps its connection for this time: by default, for 130 s. */
const UNANSWERED_BRIEFLY = { longestRequestMs: 1_000 };

const members = (count: number) =>
  addresses(count, 'member').map((email_address) => ({ email_address, status: 'subscribed' as const }));

describe('a provider that answers only small requests in time', () => {
  test.each([
    '504 always above 120 rows on POST /lists/*',
    'hang 400 ms always above 120 rows on POST /lists/*',
  ])('gets all rows of a chunk in smaller ones: %s', async (fault) => {
    const { open, sandbox } = await openSandbox();
    const account = open({ timeoutMs: 200, longestRequestMs: 400 });
    sandbox.fail(fault);
    const results = await persist(() => account.sendChunk(DELIVERY, CHUNK));
    expect(new Set(results.map(({ result }) => result))).toEqual(new Set(['acknowledged']));
    expect(results.map(({ email }) => email)).toEqual(CHUNK.rows.map(({ email }) => email));
    expect(sandbox.state(AUDIENCE).members).toBe(500);
  });

  test('gets larger ones again when it can', async () => {
    const { account, sandbox } = await openSandbox();
    const few = upserts(addresses(60));
    const posts = () =>
      sandbox
        .requests()
        .filter(({ method, route }) => method === 'POST' && route === '/lists/{list_id}')
        .reduce((sum, { count }) => sum + count, 0);
    sandbox.fail('504 always above 50 rows on POST /lists/*');
    await persist(() => account.sendChunk(DELIVERY, few));
    sandbox.clearFaults();
    for (let sent = 0; sent < 20; sent += 1) await account.sendChunk(DELIVERY, few);
    const before = posts();
    await account.sendChunk(DELIVERY, few);
    expect(posts() - before).toBe(1);
  });

  test('removes a tag from all members', async () => {
    const { open, sandbox } = await openSandbox({
      audiences: [{ id: AUDIENCE, name: 'Newsletter', members: members(400) }],
    });
    const account = open(UNANSWERED_BRIEFLY);
    const { id } = await account.createTag(AUDIENCE, 'Loyal');
    sandbox.fail('502 always above 120 rows on POST /lists/*/segments/*');
    const emails = addresses(400, 'member');
    const results = await persist(() => account.sendChunk(DELIVERY, untags(id, emails)));
    expect(results.map(({ email }) => email)).toEqual(emails);
  });

  test('is asked for a page of the census in pieces, and no member is missing', async () => {
    const { open, sandbox } = await openSandbox({
      audiences: [{ id: AUDIENCE, name: 'Newsletter', members: members(1_700) }],
    });
    const account = open(UNANSWERED_BRIEFLY);
    sandbox.fail('504 always above 250 rows on GET /lists/*/members');
    const read = (offset: number) =>
      persist(() => account.censusPage(AUDIENCE, { listing: 'current', offset }, 'optOuts'));
    const pages = [await read(0), await read(950)];
    expect(pages.map(({ totalItems }) => totalItems)).toEqual([1_700, 1_700]);
    expect(new Set(pages.flatMap(({ rows }) => rows.map(({ email }) => email))).size).toBe(1_700);
  });
});

const INVALID =
  "The resource submitted could not be validated. For field-specific details, see the 'errors' array.";

/** A server that takes all rows of a request for malformed if `isMalformed` says so of the request. */
function serveRows(isMalformed: (emails: readonly string[]) => boolean): Promise<string> {
  return serve((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(pieces).toString()) as { members: { email_address: string }[] };
      const emails = body.members.map(({ email_address: email }) => email);
      const isBad = isMalformed(emails);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          new_members: isBad ? [] : emails.map((email_address) => ({ email_address, status: 'subscribed' })),
          updated_members: [],
          errors: isBad
            ? emails.map((email_address) => ({ email_address, error: INVALID, error_code: 'ERROR_GENERIC' }))
            : [],
        }),
      );
    });
  });
}

describe('a reply of 200 that takes every row for malformed', () => {
  test('is accounted row by row: only the row that is refused alone is rejected', async () => {
    const [bad = '', ...good] = addresses(40);
    const account = openAt(await serveRows((emails) => emails.includes(bad)));
    const results = byEmail(await account.sendChunk(DELIVERY, upserts([bad, ...good])));
    expect(results[bad]).toBe('rejected schema');
    expect(good.filter((email) => results[email] !== 'acknowledged')).toEqual([]);
  });

  test('shows that the provider differs where each row passes alone', async () => {
    const account = openAt(await serveRows((emails) => emails.length > 1));
    await expect(account.sendChunk(DELIVERY, upserts(addresses(5)))).rejects.toMatchObject({
      code: 'PROVIDER_DIFFERS',
    });
  });
});
