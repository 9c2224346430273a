import { describe, expect, test } from '@jest/globals';
import { createLookup } from '../../../src/activities/rules/lookup';
import type { RowResult } from '../../../src/contract/plan';
import type { MemberSeed } from '../../../src/sandbox';
import { AUDIENCE, byEmail, DELIVERY, openSandbox, row, untags, upserts } from '../../mailchimp/support';

const LIKE_ROW = { status: 'subscribed' as const, merge_fields: { FNAME: 'Ada' }, tags: ['Loyal'] };
const unanswered = (email: string): RowResult => ({
  chunk: 7,
  email,
  result: 'unproven',
  class: 'no_answer',
});

async function openLookup(members: readonly MemberSeed[], lookups = 10) {
  const { account } = await openSandbox({
    audiences: [{ id: AUDIENCE, name: 'Newsletter', members: [...members] }],
  });
  return createLookup(account, { delivery: DELIVERY, lookups });
}

describe('a row that a reply does not name', () => {
  const [as, fields, tags, gone] = ['as@shop.test', 'fields@shop.test', 'tags@shop.test', 'gone@shop.test'];

  test('is proven where the member has its fields and tags, and stays unproven otherwise', async () => {
    const lookup = await openLookup([
      { email_address: as, ...LIKE_ROW },
      { email_address: fields, ...LIKE_ROW, merge_fields: { FNAME: 'Eve' } },
      { email_address: tags, ...LIKE_ROW, tags: [] },
    ]);
    const emails = [as, fields, tags, gone];
    const settled = await lookup.settle(upserts(emails), emails.map(unanswered));
    expect(settled).toEqual([
      { chunk: 7, email: as, result: 'acknowledged', status: 'subscribed' },
      ...[fields, tags, gone].map(unanswered),
    ]);
    expect(lookup.used()).toBe(4);
  });

  test('is resubscribed where the contact had opted out, proven or not', async () => {
    const lookup = await openLookup([
      { email_address: as, ...LIKE_ROW },
      { email_address: tags, ...LIKE_ROW, tags: [] },
    ]);
    const rows = [as, tags].map((email) => row(email, { known: true, status: 'unsubscribed' }));
    const settled = await lookup.settle({ ...upserts([]), rows }, [as, tags].map(unanswered));
    expect(byEmail(settled)).toEqual({ [as]: 'acknowledged resubscribed', [tags]: 'unproven resubscribed' });
    expect(settled).toMatchObject(
      Array.from({ length: 2 }, () => ({ status: 'subscribed', text: 'was unsubscribed' })),
    );
  });

  test('is not resubscribed where the contact was subscribed, or is still unsubscribed', async () => {
    const lookup = await openLookup([
      { email_address: as, ...LIKE_ROW },
      { email_address: tags, ...LIKE_ROW, status: 'unsubscribed' },
    ]);
    const rows = [
      row(as, { known: true, status: 'subscribed' }),
      row(tags, { known: true, status: 'unsubscribed' }),
    ];
    const settled = await lookup.settle({ ...upserts([]), rows }, [as, tags].map(unanswered));
    expect(byEmail(settled)).toEqual({ [as]: 'acknowledged', [tags]: 'acknowledged' });
  });

  test('stays unproven when the budget is used up, over all chunks', async () => {
    const lookup = await openLookup([{ email_address: as, ...LIKE_ROW }], 2);
    const settle = (emails: readonly string[]) => lookup.settle(upserts(emails), emails.map(unanswered));
    expect(byEmail(await settle([gone]))).toEqual({ [gone]: 'unproven no_answer' });
    expect(lookup.used()).toBe(1);
    expect(byEmail(await settle([fields, as]))).toEqual({
      [fields]: 'unproven no_answer',
      [as]: 'unproven no_answer',
    });
    expect(lookup.used()).toBe(2);
  });
});

test('other rows, and those of untags, are not looked up', async () => {
  const email = 'ada@shop.test';
  const lookup = await openLookup([{ email_address: email, ...LIKE_ROW }]);
  const failed: RowResult = { ...unanswered(email), class: 'chunk_failed' };
  expect(await lookup.settle(upserts([email]), [failed])).toEqual([failed]);
  expect(await lookup.settle(untags(3, [email]), [unanswered(email)])).toEqual([unanswered(email)]);
  expect(lookup.used()).toBe(0);
});
