import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  emailsOf,
  exportAll,
  FIRST_NAME,
  match,
  member,
  openStage,
  rowsOf,
  type Profile,
  type Stage,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

function contacts(count: number, from = 0): Profile[] {
  return Array.from({ length: count }, (_, index) => ({
    key: String(from + index).padStart(4, '0'),
    email: `p${from + index}@mail.test`,
    first: 'x',
    segments: ['vip', 'locals'],
  }));
}

function leaving(profiles: readonly Profile[], segment: string): Profile[] {
  return profiles.map((profile) => ({
    ...profile,
    segments: profile.segments.filter((name) => name !== segment),
  }));
}

describe('the first chunk of an export', () => {
  test('contains five new contacts and five known ones, and is a part of its own, as the last one is', async () => {
    const known = contacts(20).map(({ email }) => member(String(email), 'subscribed'));
    const { plan, chunks } = await exportAll(stage, contacts(1_000), { audience: known });
    expect(chunks.map((chunk) => emailsOf(chunk).length)).toEqual([10, 490, 500]);
    expect(new Set(chunks.flatMap(emailsOf)).size).toBe(1_000);
    expect(rowsOf(chunks.slice(0, 1)).filter((row) => row.known)).toHaveLength(5);
    expect(plan.parts).toEqual([
      { part: 0, kind: 'upsert', firstChunk: 0, lastChunk: 0, rows: 10, canary: true },
      { part: 1, kind: 'upsert', firstChunk: 1, lastChunk: 1, rows: 490, canary: false },
      { part: 2, kind: 'upsert', firstChunk: 2, lastChunk: 2, rows: 500, canary: false },
    ]);
  });

  test('prefers known contacts that are not opted out, but takes the others if there are too few', async () => {
    const statuses = [
      'unsubscribed',
      'cleaned',
      'unsubscribed',
      'subscribed',
      'pending',
      'subscribed',
      'cleaned',
    ];
    const known = contacts(7).map(({ email }, index) => member(String(email), statuses[index] ?? ''));
    const { chunks } = await exportAll(stage, contacts(8), { audience: known });
    expect(rowsOf(chunks.slice(0, 1)).map(({ email, status }) => [email, status])).toEqual([
      ['p0@mail.test', 'unsubscribed'],
      ['p1@mail.test', 'cleaned'],
      ['p3@mail.test', 'subscribed'],
      ['p4@mail.test', 'pending'],
      ['p5@mail.test', 'subscribed'],
      ['p7@mail.test', null],
    ]);
  });

  test('prefers known contacts with a changed field or tag to those that are only sent again', async () => {
    const first = await exportAll(stage, contacts(8));
    const fields = [FIRST_NAME, match('age', 'AGE')];
    const older = contacts(8).map((profile, index) => ({ ...profile, age: index < 6 ? null : '40' }));
    const { chunks } = await exportAll(stage, older, { after: first, fields });
    expect(emailsOf(chunks[0]!).toSorted()).toEqual(
      ['p0', 'p1', 'p2', 'p6', 'p7'].map((name) => `${name}@mail.test`),
    );
    expect(emailsOf(chunks[1]!)).toHaveLength(3);
  });

  test('contains untags of one tag, at most ten, if no contact is added or changed', async () => {
    const first = await exportAll(stage, contacts(600));
    const left = leaving(contacts(590), 'locals');
    const second = await exportAll(stage, left, { after: first });
    expect(
      second.chunks.map((chunk) => [chunk.kind === 'untag' && chunk.tagId, emailsOf(chunk).length]),
    ).toEqual([
      [11, 10],
      [12, 500],
      [12, 100],
    ]);
    expect(second.plan.parts.map(({ rows, canary }) => [rows, canary])).toEqual([
      [10, true],
      [600, false],
    ]);
    expect(second.settlement).toMatchObject({ outcomes: { updated: 590, removed: 10 } });
    const pairs = second.chunks.flatMap((chunk) =>
      emailsOf(chunk).map((email) => `${chunk.kind === 'untag' && chunk.tagId} ${email}`),
    );
    expect(new Set(pairs).size).toBe(610);
  });

  test('splits the first tag’s untags when there are more than ten', async () => {
    const first = await exportAll(stage, contacts(30));
    const second = await exportAll(stage, contacts(5), { after: first });
    expect(
      second.chunks.map((chunk) => [chunk.kind === 'untag' && chunk.tagId, emailsOf(chunk).length]),
    ).toEqual([
      [11, 10],
      [11, 15],
      [12, 25],
    ]);
  });
});

/** The last chunk of an export of 2,000 contacts, with their places in the order of the plan. */
async function spares(known: readonly Profile[]) {
  const audience = known.map(({ email }) => member(String(email), 'subscribed'));
  const { chunks } = await exportAll(stage, contacts(2_000), { audience });
  const rows = rowsOf(chunks.slice(-1)).map((row) => ({ ...row, place: Number(/\d+/.exec(row.email)?.[0]) }));
  return { known: rows.filter((row) => row.known), fresh: rows.filter((row) => !row.known) };
}

describe('the last chunk of the upserts, which stands in for a first one that is refused,', () => {
  test('is full, and contains as many new contacts as known ones', async () => {
    const { known, fresh } = await spares(contacts(1_000));
    expect([known.length, fresh.length]).toEqual([250, 250]);
  });

  test('contains all contacts of a kind with too few', async () => {
    const { known, fresh } = await spares(contacts(20, 1_000));
    expect([known.length, fresh.length]).toEqual([15, 485]);
  });

  test('has contacts from the whole plan, none of them neighbours', async () => {
    const { fresh } = await spares([]);
    const places = fresh.map(({ place }) => place);
    for (const quarter of [0, 500, 1_000, 1_500])
      expect(places.filter((place) => place >= quarter && place < quarter + 500).length).toBeGreaterThan(80);
  });
});
