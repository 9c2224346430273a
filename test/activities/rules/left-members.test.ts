import { describe, expect, test } from '@jest/globals';
import { leftMembers, type LeftMembers } from '../../../src/activities/rules/left-members';
import { row, untags, upserts } from '../../mailchimp/support';

const ADA = 'ada@shop.test';
const BOB = 'bob@shop.test';
const archived = (email: string) => ({ email, status: 'archived' as const });
const unsubscribed = (email: string) => ({ email, status: 'unsubscribed' as const });

describe('a member that has left since the census', () => {
  test('is withheld, with the reason; the rest of the chunk is sent', () => {
    const left = leftMembers([archived(' Ada@Shop.test '), unsubscribed(BOB)], []);
    const { chunk, withheld } = left.withhold(upserts([ADA, BOB, 'cy@shop.test']));
    expect(chunk).toEqual(upserts(['cy@shop.test']));
    expect(withheld).toEqual([
      { chunk: 7, email: ADA, result: 'suppressed', class: 'archived' },
      { chunk: 7, email: BOB, result: 'suppressed', class: 'opted_out' },
    ]);
  });

  test('is withheld although it is listed no longer, by the status that was listed last', () => {
    expect(leftMembers([], [archived(ADA)]).withhold(upserts([ADA])).withheld).toMatchObject([
      { class: 'archived' },
    ]);
    const later = leftMembers([unsubscribed(ADA)], [archived(ADA)]);
    expect(later.withhold(upserts([ADA])).withheld).toMatchObject([{ class: 'opted_out' }]);
  });

  test('gets what was planned for it where the plan knew that it had left', () => {
    const left = leftMembers([archived(ADA), unsubscribed(BOB)], []);
    for (const status of ['unsubscribed', 'cleaned', 'archived']) {
      const chunk = { ...upserts([]), rows: [row(ADA, { status })] };
      expect(left.withhold(chunk)).toEqual({ chunk, withheld: [] });
    }
    const subscribed = { ...upserts([]), rows: [row(ADA, { status: 'subscribed' })] };
    expect(left.withhold(subscribed).withheld).toHaveLength(1);
  });

  test('loses tags as planned', () => {
    const chunk = untags(3, [ADA]);
    expect(leftMembers([archived(ADA)], []).withhold(chunk)).toEqual({ chunk, withheld: [] });
    expect(leftMembers([], [archived(ADA)]).withStatuses(chunk)).toEqual(chunk);
  });
});

function statuses(left: LeftMembers, status: string | null = null) {
  const chunk = left.withStatuses({ ...upserts([]), rows: [row(ADA, { status }), row(BOB)] });
  return chunk.kind === 'upsert' ? chunk.rows.map((row) => row.status) : [];
}

describe('the status of a row, to see in a reply whether a member was woken', () => {
  test('is the one that was listed earlier, unless the member is listed still', () => {
    expect(statuses(leftMembers([], []))).toEqual([null, null]);
    expect(statuses(leftMembers([], [archived(ADA)]))).toEqual(['archived', null]);
    expect(statuses(leftMembers([archived(ADA)], [archived(ADA)]))).toEqual([null, null]);
    expect(statuses(leftMembers([unsubscribed(BOB)], [archived(ADA)]))).toEqual(['archived', null]);
  });

  test('stays that of the plan where the plan knew that it had left', () => {
    const left = leftMembers([], [archived(ADA)]);
    expect(statuses(left, 'unsubscribed')).toEqual(['unsubscribed', null]);
    expect(statuses(left, 'subscribed')).toEqual(['archived', null]);
  });
});
