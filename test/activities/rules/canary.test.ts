import { describe, expect, test } from '@jest/globals';
import { kindsOf, unseen, verify } from '../../../src/activities/rules/canary';
import type { Chunk, RowResult, UpsertRow } from '../../../src/contract/plan';
import type { MemberSeed } from '../../../src/sandbox';
import { addresses, AUDIENCE, byEmail, DELIVERY, openSandbox, row, untags } from '../../mailchimp/support';

const ADA = 'ada@shop.test';
const BOB = 'bob@shop.test';
const LIKE_ROW = { merge_fields: { FNAME: 'Ada' }, tags: ['Loyal'] };
const KINDS = ['new', 'known'] as const;

const chunkOf = (rows: readonly UpsertRow[]): Chunk => ({ kind: 'upsert', chunk: 7, rows });
const acknowledged = (email: string, more: Partial<RowResult> = {}): RowResult => ({
  chunk: 7,
  email,
  result: 'acknowledged',
  ...more,
});

async function openAudience(members: readonly MemberSeed[]) {
  return openSandbox({ audiences: [{ id: AUDIENCE, name: 'Newsletter', members: [...members] }] });
}

/** Verifies acknowledged rows against an audience. */
async function verified(
  members: readonly MemberSeed[],
  rows: readonly UpsertRow[],
  { results, statusIfNew = 'subscribed' }: { results?: readonly RowResult[]; statusIfNew?: string } = {},
) {
  const { account } = await openAudience(members);
  const sent = { account, delivery: { ...DELIVERY, statusIfNew }, chunk: chunkOf(rows), kinds: KINDS };
  const found = await verify(sent, results ?? rows.map(({ email }) => acknowledged(email)));
  return { found, requests: account.requests() };
}

const seen = (chunk: Chunk, results: readonly RowResult[]) =>
  unseen(KINDS, { chunk, results, delivery: DELIVERY });

describe('the kinds of rows that a canary shows', () => {
  const known = row(BOB, { known: true });

  test('are new and known contacts; an untag shows none', () => {
    expect(kindsOf(chunkOf([row(ADA), known, row('cy@shop.test')]))).toEqual(['new', 'known']);
    expect(kindsOf(chunkOf([known]))).toEqual(['known']);
    expect(kindsOf(untags(3, [ADA]))).toEqual([]);
    expect(seen(untags(3, [ADA]), [acknowledged(ADA)])).toEqual(['new', 'known']);
  });

  test('are seen where a row of the kind was acknowledged', () => {
    const chunk = chunkOf([row(ADA), known]);
    expect(seen(chunk, [acknowledged(ADA), acknowledged(BOB, { status: 'subscribed' })])).toEqual([]);
    expect(seen(chunk, [acknowledged(ADA)])).toEqual(['known']);
    expect(seen(chunk, [{ ...acknowledged(ADA), result: 'rejected' }, acknowledged(BOB)])).toEqual(['new']);
  });

  test('are not seen in members that have opted out, which Mailchimp may not update', () => {
    const chunk = chunkOf([row(ADA, { status: 'unsubscribed' }), known]);
    const results = [ADA, BOB].map((email) => acknowledged(email, { status: 'unsubscribed' }));
    expect(seen(chunk, results)).toEqual(['new', 'known']);
  });

  test('are seen in contacts that were added as unsubscribed on request', () => {
    const answered = {
      chunk: chunkOf([row(ADA), known]),
      delivery: { ...DELIVERY, statusIfNew: 'unsubscribed' },
    };
    const results = [ADA, BOB].map((email) => acknowledged(email, { status: 'unsubscribed' }));
    expect(unseen(KINDS, { ...answered, results })).toEqual(['known']);
    const optedOut = chunkOf([row(ADA, { status: 'unsubscribed' })]);
    expect(unseen(['new'], { ...answered, chunk: optedOut, results })).toEqual(['new']);
  });
});

const formRefusal = (email: string): RowResult => ({
  chunk: 7,
  email,
  result: 'rejected',
  class: 'schema',
  text: 'No.',
});

describe('a canary that is read back', () => {
  test('stays acknowledged where the member is as it was sent', async () => {
    const { found } = await verified([{ email_address: ADA, status: 'subscribed', ...LIKE_ROW }], [row(ADA)]);
    expect(found).toEqual([acknowledged(ADA)]);
  });

  test('differs where the member is missing', async () => {
    const { found } = await verified([], [row(ADA)]);
    expect(found).toEqual([
      {
        chunk: 7,
        email: ADA,
        result: 'unproven',
        class: 'differs',
        text: 'acknowledged, but not in the audience',
      },
    ]);
  });

  test('differs by fields and tags, which are named', async () => {
    const { found } = await verified([{ email_address: ADA, status: 'subscribed' }], [row(ADA)], {
      results: [acknowledged(ADA, { status: 'subscribed' })],
    });
    expect(found).toMatchObject([
      { class: 'differs', status: 'subscribed', text: 'merge field FNAME; tag "Loyal" missing' },
    ]);
  });

  test('differs where a new contact got another status than was requested', async () => {
    const members: MemberSeed[] = [{ email_address: ADA, status: 'pending', ...LIKE_ROW }];
    const isNew = await verified(members, [row(ADA)], { results: [acknowledged(ADA, { isNew: true })] });
    expect(isNew.found).toMatchObject([{ class: 'differs', text: 'status pending instead of subscribed' }]);
    expect((await verified(members, [row(ADA)])).found).toEqual([acknowledged(ADA)]);
    const asRequested = { results: [acknowledged(ADA, { isNew: true })], statusIfNew: 'pending' };
    expect((await verified(members, [row(ADA)], asRequested)).found).toEqual(asRequested.results);
  });

  test('is resubscribed where the contact had opted out, or is subscribed in place of what was requested', async () => {
    const members: MemberSeed[] = [{ email_address: ADA, status: 'subscribed', ...LIKE_ROW }];
    const was = await verified(members, [row(ADA, { known: true, status: 'unsubscribed' })]);
    expect(was.found).toEqual([{ ...acknowledged(ADA), class: 'resubscribed', text: 'was unsubscribed' }]);
    const at = { results: [acknowledged(ADA, { isNew: true })], statusIfNew: 'pending' };
    expect((await verified(members, [row(ADA)], at)).found).toMatchObject([{ class: 'resubscribed' }]);
  });

  test('proves nothing where the member opts out at this moment', async () => {
    const { found } = await verified([{ email_address: ADA, status: 'unsubscribed' }], [row(ADA)]);
    expect(found).toEqual([acknowledged(ADA, { status: 'unsubscribed' })]);
  });

  test('makes the rows that were not read back unproven, when one differs', async () => {
    const rows = addresses(7).map((email) => row(email));
    const { found, requests } = await verified([], rows);
    expect(found.map((result) => result.class)).toEqual([
      ...Array.from({ length: 5 }, () => 'differs'),
      'not_read_back',
      'not_read_back',
    ]);
    expect(requests).toBe(5);
    expect(found[6]).toEqual({
      chunk: 7,
      email: rows[6]!.email,
      result: 'unproven',
      class: 'not_read_back',
    });
  });

  test('leaves refused rows as they are, and the others where none differs', async () => {
    const members = addresses(6).map((email_address): MemberSeed => ({
      email_address,
      status: 'subscribed',
      ...LIKE_ROW,
    }));
    const rows = [...addresses(6), ADA].map((email) => row(email));
    const refusal: RowResult = { chunk: 7, email: ADA, result: 'rejected', class: 'fake' };
    const results = [...addresses(6).map((email) => acknowledged(email)), refusal];
    expect((await verified(members, rows, { results })).found).toEqual(results);
    const { found } = await verified([], rows, { results });
    expect(found.at(-1)).toEqual(refusal);
  });

  test('differs where the form of every one of several rows was refused, not where that of one row was', async () => {
    const rows = [row(ADA), row(BOB)];
    const both = await verified([], rows, { results: [formRefusal(ADA), formRefusal(BOB)] });
    expect(both.found).toMatchObject([
      { email: ADA, class: 'differs', text: 'refused: No.' },
      { email: BOB, class: 'differs', text: 'refused: No.' },
    ]);
    const one = [formRefusal(ADA)];
    expect((await verified([], [row(ADA)], { results: one })).found).toEqual(one);
    const other = [formRefusal(ADA), { ...formRefusal(BOB), class: 'fake' as const }];
    expect((await verified([], rows, { results: other })).found).toEqual(other);
  });

  test('differs where an untagged member still carries the tag; a missing member carries none', async () => {
    const { account } = await openAudience([{ email_address: ADA, status: 'subscribed', ...LIKE_ROW }]);
    const [loyal] = await account.tags(AUDIENCE);
    const chunk = untags(loyal!.id, [ADA, BOB]);
    const results = [ADA, BOB].map((email) => ({ ...acknowledged(email), chunk: 8 }));
    const found = await verify({ account, delivery: DELIVERY, chunk, kinds: [] }, results);
    expect(byEmail(found)).toEqual({ [ADA]: 'unproven differs', [BOB]: 'acknowledged' });
    expect(found[0]?.text).toBe('tag "Loyal" not removed');
    const unknown = { account, delivery: DELIVERY, chunk: untags(999_999, [ADA]), kinds: [] };
    expect(await verify(unknown, [acknowledged(ADA)])).toEqual([acknowledged(ADA)]);
  });
});

describe('what a row says besides fields and tags', () => {
  const more = '{"language":"de","ip_signup":"203.0.113.7"}';

  test('is read back: language of each, evidence of new contacts only', async () => {
    const members = [{ email_address: ADA, status: 'subscribed' as const, ...LIKE_ROW }];
    const results = (isNew: boolean) => [
      acknowledged(ADA, { status: 'subscribed', ...(isNew && { isNew: true as const }) }),
    ];
    const asNew = await verified(members, [row(ADA, { more })], { results: results(true) });
    expect(asNew.found).toMatchObject([{ class: 'differs', text: 'language; ip_signup' }]);
    const asKnown = await verified(members, [row(ADA, { more })], { results: results(false) });
    expect(asKnown.found).toMatchObject([{ class: 'differs', text: 'language' }]);
  });
});
