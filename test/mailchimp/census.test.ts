import { describe, expect, test } from '@jest/globals';
import type { CensusRow, Listing } from '../../src/contract/plan';
import type { MemberSeed } from '../../src/sandbox';
import type { MailchimpAccount } from '../../src/ports/mailchimp';
import { AUDIENCE, openSandbox, addresses } from './support';

async function readAll(account: MailchimpAccount, listing: Listing): Promise<CensusRow[]> {
  const rows: CensusRow[] = [];
  let total = 1;
  for (let offset = 0; offset < total; offset += 1000) {
    const page = await account.censusPage(AUDIENCE, { listing, offset }, 'full');
    total = page.totalItems;
    rows.push(...page.rows);
  }
  return rows;
}

function seed(count: number, status: MemberSeed['status'], name: string): MemberSeed[] {
  return addresses(count, name).map((email) => ({ email_address: email, status }));
}

describe('a census', () => {
  test.each([
    { current: 1500, archived: 700, inDefaultListing: false },
    { current: 1500, archived: 1700, inDefaultListing: true },
    { current: 1000, archived: 1000, inDefaultListing: false },
    { current: 3, archived: 0, inDefaultListing: false },
    { current: 0, archived: 3, inDefaultListing: false },
    { current: 0, archived: 0, inDefaultListing: false },
  ])(
    'contains $current members and $archived archived ones, each once (archived in the default listing: $inDefaultListing)',
    async ({ current, archived, inDefaultListing }) => {
      const { account } = await openSandbox({
        switches: { archivedInDefaultListing: inDefaultListing },
        audiences: [
          {
            id: AUDIENCE,
            name: 'Newsletter',
            members: [
              ...seed(Math.ceil(current / 2), 'subscribed', 'in'),
              ...seed(archived, 'archived', 'old'),
              ...seed(Math.floor(current / 2), 'unsubscribed', 'out'),
            ],
          },
        ],
      });
      const rows = [...(await readAll(account, 'current')), ...(await readAll(account, 'archived'))];
      expect(rows).toHaveLength(current + archived);
      expect(new Set(rows.map(({ email }) => email)).size).toBe(current + archived);
      expect(rows.filter(({ status }) => status === 'archived')).toHaveLength(archived);
    },
  );

  test('reads all tags of a member, although the listing contains only fifty', async () => {
    const tags = Array.from({ length: 120 }, (_, n) => `Tag ${n}`);
    const { account } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [
            { email_address: 'Many@shop.test', status: 'subscribed', tags },
            { email_address: 'few@shop.test', status: 'cleaned', tags: ['Tag 3'] },
          ],
        },
      ],
    });
    const known = await account.tags(AUDIENCE);
    const idOf = (name: string) => known.find((tag) => tag.name === name)?.id;
    const { rows } = await account.censusPage(AUDIENCE, { listing: 'current', offset: 0 }, 'full');
    expect(rows).toEqual([
      { email: 'Many@shop.test', status: 'subscribed', tags: expect.any(Array) },
      { email: 'few@shop.test', status: 'cleaned', tags: [idOf('Tag 3')] },
    ]);
    expect(new Set(rows[0]!.tags)).toEqual(new Set(tags.map(idOf)));
  });

  test.each([
    ['unsubscribed', {}],
    ['cleaned', {}],
    ['archived', { changedAt: expect.stringMatching(/^\d{4}-.*Z$/) }],
  ] as const)(
    'of opt-outs lists who is %s, without tags; of archived ones since when',
    async (listing, more) => {
      const { account } = await openSandbox({
        audiences: [
          {
            id: AUDIENCE,
            name: 'Newsletter',
            members: [
              ...seed(3, 'subscribed', 'in'),
              { email_address: 'Out@shop.test', status: listing, tags: ['Loyal'] },
            ],
          },
        ],
      });
      expect(await account.censusPage(AUDIENCE, { listing, offset: 0 }, 'optOuts')).toEqual({
        rows: [
          {
            email: 'Out@shop.test',
            status: listing,
            tags: [],
            ...more,
          },
        ],
        totalItems: 1,
      });
    },
  );
});
