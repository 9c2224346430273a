import { describe, expect, test } from '@jest/globals';
import type { CensusRow } from '../../src/contract/plan';
import type { MemberSeed } from '../../src/sandbox';
import type { MailchimpAccount } from '../../src/contract/mailchimp';
import { AUDIENCE, openSandbox, people } from './support';

async function readAll(account: MailchimpAccount): Promise<{ rows: CensusRow[]; totals: Set<number> }> {
  const rows: CensusRow[] = [];
  const totals = new Set<number>();
  let total = 1;
  for (let offset = 0; offset < total; offset += 1000) {
    const page = await account.censusPage(AUDIENCE, offset);
    total = page.totalItems;
    totals.add(total);
    rows.push(...page.rows);
  }
  return { rows, totals };
}

function seed(count: number, status: MemberSeed['status'], name: string): MemberSeed[] {
  return people(count, name).map((email) => ({ email_address: email, status }));
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
    'holds $current members and $archived archived ones, each once (in the default listing, too: $inDefaultListing)',
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
      const { rows, totals } = await readAll(account);
      expect(rows).toHaveLength(current + archived);
      expect(new Set(rows.map(({ email }) => email)).size).toBe(current + archived);
      expect(rows.filter(({ status }) => status === 'archived')).toHaveLength(archived);
      expect([...totals]).toEqual([current + archived + (inDefaultListing ? archived : 0)]);
    },
  );

  test('knows all tags of a member, also where the listing holds only fifty of them', async () => {
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
    const { rows } = await account.censusPage(AUDIENCE, 0);
    expect(rows).toEqual([
      { email: 'Many@shop.test', status: 'subscribed', tags: expect.any(Array) },
      { email: 'few@shop.test', status: 'cleaned', tags: ['Tag 3'] },
    ]);
    expect(new Set(rows[0]!.tags)).toEqual(new Set(tags));
  });

  test('hides nobody when somebody is archived between two pages', async () => {
    const { account, sandbox } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [...seed(1200, 'subscribed', 'in'), ...seed(1200, 'archived', 'old')],
        },
      ],
    });
    const first = await account.censusPage(AUDIENCE, 0);
    sandbox.control.act({ audience: AUDIENCE, email: 'in1199@shop.test', action: 'archive' });
    const seen = new Set(first.rows.map(({ email }) => email));
    for (const offset of [1000, 2000]) {
      for (const { email } of (await account.censusPage(AUDIENCE, offset)).rows) seen.add(email);
    }
    expect(seen.size).toBe(2400);
  });
});
