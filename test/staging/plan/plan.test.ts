import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportPlan, UpsertRow } from '../../../src/contract/plan';
import type { PlanRequest } from '../../../src/ports/staging';
import {
  acknowledge,
  type Configured,
  emailsOf,
  exportAll,
  match,
  openStage,
  rowsOf,
  type Profile,
  type Stage,
  VIP,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

async function planOnly(
  profiles: readonly Profile[],
  request: Configured & Partial<PlanRequest> = {},
): Promise<{ plan: ExportPlan; rows: readonly UpsertRow[] }> {
  const ref = stage.newExport();
  await stage.snapshot(ref, profiles, request);
  const plan = await stage.plan(ref, request);
  const chunks = await stage.chunks(ref, plan);
  return { plan, rows: rowsOf(chunks) };
}

describe('a plan', () => {
  test('is made once: a repeated step gets the sealed one, even for another request', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    const plan = await stage.plan(ref);
    expect(await stage.plan(ref, { limit: 1, keepDeparted: true })).toEqual(plan);
  });

  test('made twice at the same time is one plan', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    const plans = await Promise.all([stage.plan(ref), stage.plan(ref)]);
    expect(plans[0]).toEqual(plans[1]);
    expect(plans[0].planId).toMatch(/^[0-9a-f]{12}$/);
  });

  test('is another plan in another export, by its id', async () => {
    const [one, other] = [await planOnly([ANNA]), await planOnly([ANNA])];
    expect(one.plan.planId).not.toBe(other.plan.planId);
  });

  test('whose baseline is not in the store is refused, since the members’ tags are not known', async () => {
    await expect(planOnly([ANNA], { baseline: stage.newExport().exportId })).rejects.toMatchObject({
      code: 'STAGING_CORRUPT',
    });
  });

  test('has chunks of at most 500 rows, each row in one of them', async () => {
    const profiles = Array.from({ length: 1_201 }, (_, index) => ({
      key: `k${index}`,
      email: `p${index}@mail.test`,
      first: 'x',
      segments: ['vip'],
    }));
    const first = await exportAll(stage, profiles);
    expect(first.chunks.map((chunk) => emailsOf(chunk).length)).toEqual([5, 500, 196, 500]);
    expect(new Set(first.chunks.flatMap(emailsOf)).size).toBe(1_201);
    const left = await exportAll(stage, profiles.slice(0, 100), { after: first });
    expect(left.chunks.map((chunk) => [chunk.kind, emailsOf(chunk).length])).toEqual([
      ['untag', 10],
      ['untag', 500],
      ['untag', 500],
      ['untag', 91],
    ]);
  });

  test('makes smaller chunks of rows so long that 500 of them would not go into a part', async () => {
    const fields = Array.from({ length: 80 }, (_, index) => match('first', `F${index}`));
    const profiles = Array.from({ length: 450 }, (_, index) => ({
      key: `k${index}`,
      email: `p${index}@mail.test`,
      first: 'x'.repeat(255),
      segments: ['vip'],
    }));
    const { plan } = await planOnly(profiles, { fields });
    expect(plan.chunks).toBeGreaterThan(2);
    expect(plan.parts.length).toBe(plan.chunks);
  });

  test('is made without fields, and with segments that have no tag yet', async () => {
    const segments = [{ ...VIP, tagId: null }];
    const { plan, rows } = await planOnly([ANNA], { fields: [], segments });
    expect(rows).toEqual([{ email: 'anna@mail.test', fields: '{}', tags: '[]', known: false, status: null }]);
    expect(plan.segments).toEqual([{ segment: 'vip', tag: 'VIP', profiles: 1, toTag: 0, toUntag: 0 }]);
  });
});

describe('a profile', () => {
  test('is invalid by a rule, counted by rule, and not sent', async () => {
    const { plan, rows } = await planOnly([
      ANNA,
      { ...BOB, email: null },
      { ...BOB, key: '3', email: 'josé@mail.test' },
      { ...BOB, key: '4', email: 'a@mail.test;b@mail.test' },
    ]);
    expect(rows.map(({ email }) => email)).toEqual(['anna@mail.test']);
    expect(plan.decided.invalid).toBe(3);
    expect(plan.invalid).toEqual({ email_missing: 1, email_non_ascii_local_part: 1, email_two_addresses: 1 });
  });

  test('without a required field is invalid, and so is one whose value does not fit it', async () => {
    const fields = [match('age', 'AGE', { type: 'number', required: true })];
    const { plan, rows } = await planOnly(
      [
        { ...ANNA, age: '31' },
        { ...BOB, age: ' ' },
        { ...BOB, key: '3', email: 'c@mail.test', age: 'old' },
      ],
      { fields },
    );
    expect(rows.map(({ email }) => email)).toEqual(['anna@mail.test']);
    expect(plan.invalid).toEqual({ required_field_empty: 1, value_does_not_fit: 1 });
  });

  test('with the address of another is its duplicate: the lowest key wins, and tags are those of all', async () => {
    const { plan, rows } = await planOnly([
      { key: 'b', email: 'ANNA@mail.test', first: 'B', segments: ['vip'] },
      { key: 'a', email: 'anna@mail.test ', first: 'A', segments: ['locals'] },
      { key: 'c', email: 'anna@mail.test', first: 'C', segments: ['vip'] },
    ]);
    expect(rows).toEqual([
      {
        email: 'anna@mail.test',
        fields: '{"FNAME":"A"}',
        tags: '["VIP","Locals"]',
        known: false,
        status: null,
      },
    ]);
    expect(plan.decided.duplicate).toBe(2);
    expect(plan.segments.map(({ profiles, toTag }) => [profiles, toTag])).toEqual([
      [2, 1],
      [1, 1],
    ]);
  });

  test('that is invalid neither wins over a valid duplicate nor gives it its tags', async () => {
    const fields = [match('first', 'FNAME', { required: true })];
    const { rows } = await planOnly(
      [
        { key: 'a', email: 'anna@mail.test', first: '', segments: ['locals'] },
        { key: 'b', email: 'anna@mail.test', first: 'B', segments: ['vip'] },
      ],
      { fields },
    );
    expect(rows).toEqual([
      { email: 'anna@mail.test', fields: '{"FNAME":"B"}', tags: '["VIP"]', known: false, status: null },
    ]);
  });
});

describe('an export with --limit', () => {
  test('sends the first changed addresses by key, and the rest is not sent but next time', async () => {
    const profiles = ['c', 'a', 'b'].map((key) => ({
      key,
      email: `${key}@mail.test`,
      first: key,
      segments: ['vip'],
    }));
    const first = await exportAll(stage, profiles, { limit: 2 });
    expect(first.chunks.flatMap(emailsOf).toSorted()).toEqual(['a@mail.test', 'b@mail.test']);
    expect(first.settlement.outcomes).toMatchObject({ created: 2, not_sent: 1 });
    expect(await stage.staging.readFailures(first.ref, {})).toMatchObject([
      { key: 'c', outcome: 'not_sent', reason: 'beyond_limit' },
    ]);
    const second = await exportAll(stage, profiles, { after: first, respond: acknowledge });
    expect(second.chunks.flatMap(emailsOf)).toEqual(['c@mail.test']);
  });

  test('counts a withheld contact as such, also if the limit leaves a tag on it', async () => {
    const [one, other] = ['a', 'z'].map((key) => ({ key, email: `${key}@mail.test`, segments: ['vip'] }));
    const before = await exportAll(stage, [
      { ...one!, first: 'Old' },
      { ...other!, first: 'Old', segments: ['vip', 'locals'] },
    ]);
    const changed = [one!, other!].map((profile) => ({ ...profile, first: 'New' }));
    const { ref, settlement } = await exportAll(stage, changed, {
      after: before,
      audience: [{ email: 'z@mail.test', status: 'unsubscribed', tags: [] }],
      optedOut: 'skip',
      limit: 1,
    });
    expect(settlement.outcomes).toMatchObject({ updated: 1, suppressed: 1, not_sent: 0 });
    expect(await stage.staging.readFailures(ref, {})).toMatchObject([
      { key: 'z', outcome: 'suppressed', reason: 'opted_out' },
    ]);
  });
});
