import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  acknowledge,
  answer,
  baselineOf,
  deliver,
  emailsOf,
  exportAll,
  FAKE,
  openStage,
  refuseBob,
  type Respond,
  type Stage,
} from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

const throttleUntags: Respond = (email, chunk) =>
  chunk.kind === 'untag'
    ? { result: 'throttled', class: 'too_many_signups', text: 'later' }
    : acknowledge(email, chunk);

const refuseEachOtherwise: Respond = (email) => ({
  result: 'rejected',
  class: 'unknown',
  text: `text ${email.split('@')[0]}`,
});

describe('settling', () => {
  test('without a sealed plan has nothing to settle', async () => {
    const ref = stage.newExport();
    expect(await stage.staging.settle(ref, null)).toBeNull();
    await stage.snapshot(ref, [ANNA]);
    expect(await stage.staging.settle(ref, null)).toBeNull();
    expect(await stage.staging.latestBaseline(ref.destinationId)).toBeUndefined();
  });

  test('does not take a plan that vanished for an export that sent nothing', async () => {
    const { ref } = await exportAll(stage, [ANNA, BOB]);
    await rm(join(stage.folder, 'destinations'), { recursive: true });
    const tally = { requests: 1, batches: 1, lanes: null };
    await expect(stage.staging.settle(ref, tally)).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
  });

  test('gives the same answer again, with the tally of the first call', async () => {
    const { ref, settlement } = await exportAll(stage, [ANNA, BOB]);
    expect(settlement.tally).toEqual({ requests: 1, batches: 1, lanes: null });
    expect(await stage.staging.settle(ref, { requests: 9, batches: 9, lanes: null })).toEqual(settlement);
    expect(await stage.staging.settle(ref, null)).toEqual(settlement);
  });

  test('done twice at the same time seals one baseline', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    await deliver(stage, ref, { plan: await stage.plan(ref) });
    const settled = await Promise.all([stage.staging.settle(ref, null), stage.staging.settle(ref, null)]);
    expect(settled[0]).toEqual(settled[1]);
  });

  test('counts what was never sent as not_sent, and the next export sends it', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    await stage.plan(ref);
    const settlement = await stage.staging.settle(ref, null);
    expect(settlement).toMatchObject({
      outcomes: { not_sent: 2, created: 0 },
      baselineSize: 0,
      tally: null,
      segments: [
        { tagged: 0, failed: 0, notSent: 1 },
        { tagged: 0, failed: 0, notSent: 2 },
      ],
    });
    expect(await stage.staging.readFailures(ref, { limit: 1 })).toEqual([
      {
        key: '1',
        email: 'anna@mail.test',
        outcome: 'not_sent',
        reason: 'not_reached',
        text: null,
        attribute: null,
        winner: null,
        since: null,
      },
    ]);
    const next = await exportAll(stage, [ANNA, BOB], { baseline: ref.exportId });
    expect(next.settlement.outcomes).toMatchObject({ created: 2 });
  });

  test('counts an attempt without an answer as unproven, and sends it again next time, still as new', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    const plan = await stage.plan(ref);
    await stage.staging.recordAttempt(ref, 0, 'batch');
    const settlement = await stage.staging.settle(ref, null);
    expect(settlement).toMatchObject({
      outcomes: { unproven: 2 },
      refusals: [{ outcome: 'unproven', class: 'no_answer', text: '', count: 2 }],
    });
    expect(await baselineOf(stage, { ref })).toMatchObject([{ state: 'exposed' }, { state: 'exposed' }]);
    const next = await exportAll(stage, [ANNA, BOB], { baseline: ref.exportId });
    expect(next.plan.creates).toBe(plan.creates);
    expect(next.plan.uncertain).toBe(2);
    expect(next.settlement).toMatchObject({
      outcomes: { created: 2 },
      uncertain: 2,
      segments: [{ tagged: 1 }, { tagged: 2 }],
    });
    expect(await stage.staging.readFailures(next.ref, { outcomes: ['created'] })).toMatchObject([
      { key: '1', reason: 'uncertain' },
      { key: '2', reason: 'uncertain' },
    ]);
    const last = await exportAll(stage, [{ ...ANNA, first: 'Ann' }, BOB], { after: next });
    expect(last.plan.uncertain).toBe(0);
  });

  test('counts a contact whose last change has no proof as known if an earlier change has', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const changed = { ...BOB, first: 'Robert' };
    const respond = refuseBob({ result: 'unproven' });
    const second = await exportAll(stage, [ANNA, changed], { after: first, respond });
    expect(second.settlement.outcomes).toMatchObject({ unproven: 1 });
    const third = await exportAll(stage, [ANNA, changed], { after: second });
    expect(third.settlement.outcomes).toMatchObject({ updated: 1, created: 0 });
  });

  test('counts a contact once that was never proven, is permanently refused, and may carry a tag to remove', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob({ result: 'unproven' }) });
    const moved = { ...BOB, segments: ['vip'] };
    const refuse = refuseBob({ result: 'rejected', class: 'fake', text: 'looks fake' });
    const second = await exportAll(stage, [ANNA, moved], { after: first, respond: refuse });
    const third = await exportAll(stage, [ANNA, moved], { after: second });
    for (const { settlement } of [second, third]) {
      const sum = Object.values(settlement.outcomes).reduce((total, count) => total + count, 0);
      expect(sum).toBe(settlement.selected + settlement.departed);
      expect(settlement.outcomes).toMatchObject({ rejected: 1 });
    }
  });

  test('remembers the tags that unproven contacts may carry, and removes them when they leave', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob({ result: 'unproven' }) });
    expect(first.settlement.outcomes).toMatchObject({ created: 1, unproven: 1 });
    const second = await exportAll(stage, [ANNA], { after: first });
    expect(second.chunks).toEqual([{ kind: 'untag', chunk: 0, tagId: 12, emails: ['bob@mail.test'] }]);
    expect(second.settlement.outcomes).toMatchObject({ removed: 1, unchanged: 1 });
  });

  test('keeps a tag whose removal failed, and removes it in the next export', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [ANNA], {
      after: first,
      respond: refuseBob({ result: 'rejected', class: 'unknown', text: 'no' }),
    });
    expect(second.settlement).toMatchObject({
      departed: 1,
      baselineSize: 2,
      outcomes: { rejected: 1, unchanged: 1 },
      segments: [{}, { untagged: 0, failed: 1, notSent: 0 }],
    });
    const third = await exportAll(stage, [ANNA], { after: second });
    expect(third.chunks).toMatchObject([{ kind: 'untag', tagId: 12, emails: ['bob@mail.test'] }]);
  });

  test('does not rely on a tag whose removal is unproven: a contact that comes back is tagged again', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const second = await exportAll(stage, [ANNA], {
      after: first,
      respond: refuseBob({ result: 'unproven' }),
    });
    expect(second.settlement.outcomes).toMatchObject({ unproven: 1 });
    const third = await exportAll(stage, [ANNA, BOB], { after: second });
    expect(third.chunks.map(emailsOf)).toEqual([['bob@mail.test']]);
  });

  test('gives a contact with several results the worst of them', async () => {
    const first = await exportAll(stage, [{ ...BOB, segments: ['vip'] }]);
    const second = await exportAll(stage, [BOB], { after: first, respond: throttleUntags });
    expect(second.settlement).toMatchObject({
      outcomes: { throttled: 1, updated: 0 },
      refusals: [{ outcome: 'throttled', class: 'too_many_signups', text: 'later', count: 1 }],
      segments: [
        { segment: 'vip', untagged: 0, failed: 1 },
        { segment: 'locals', tagged: 1, failed: 0 },
      ],
    });
  });

  test('of a cancelled export counts a contact that kept a tag to remove as not_sent', async () => {
    const first = await exportAll(stage, [{ ...BOB, segments: ['vip'] }]);
    const ref = stage.newExport();
    await stage.snapshot(ref, [BOB]);
    const plan = await stage.plan(ref, { baseline: first.ref.exportId });
    await deliver(stage, ref, { plan: { ...plan, parts: plan.parts.slice(0, 1) } });
    expect(await stage.staging.settle(ref, null)).toMatchObject({
      outcomes: { not_sent: 1 },
      baselineSize: 1,
    });
    const next = await exportAll(stage, [BOB], { baseline: ref.exportId });
    expect(next.chunks).toMatchObject([{ kind: 'untag', tagId: 11 }]);
  });

  test('counts member statuses by the status that replies echoed, apart from outcomes', async () => {
    const statuses = ['subscribed', 'unsubscribed', 'cleaned', 'pending', 'brand new'];
    const profiles = statuses.map((status, key) => ({
      key: `${key}`,
      email: `${key}@mail.test`,
      first: status,
      segments: ['vip'],
    }));
    const respond: Respond = (email) => ({
      result: 'acknowledged',
      status: statuses[Number(email[0])] ?? '',
    });
    const { settlement } = await exportAll(stage, profiles, { respond });
    expect(settlement.memberStatuses).toEqual({
      subscribed: 1,
      unsubscribed: 1,
      cleaned: 1,
      pending: 1,
      transactional: 0,
      archived: 0,
    });
    expect(settlement.outcomes.created).toBe(5);
  });

  test('uses the result of a chunk that was sent again directly instead of that of its part', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    const plan = await stage.plan(ref);
    await deliver(stage, ref, { plan, respond: refuseBob({ result: 'unproven' }) });
    const chunk = await stage.staging.readChunk(ref, 0);
    await stage.staging.sealResults(ref, 'chunk-0', [answer(chunk, acknowledge)]);
    expect(await stage.staging.settle(ref, null)).toMatchObject({ outcomes: { created: 2, unproven: 0 } });
  });

  test('counts a row that was answered twice by the worse answer', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA, BOB]);
    const plan = await stage.plan(ref);
    const chunk = await stage.staging.readChunk(ref, 0);
    await stage.staging.recordAttempt(ref, 0, 'batch');
    const answers = [answer(chunk, acknowledge), answer(chunk, refuseBob(FAKE))];
    await stage.staging.sealResults(ref, 'part-0', answers);
    expect(await stage.staging.summarisePart(ref, 0)).toMatchObject({ acknowledged: 1, refused: 1, rows: 2 });
    const settlement = await stage.staging.settle(ref, null);
    expect(settlement).toMatchObject({
      selected: plan.selected,
      outcomes: { created: 1, rejected: 1 },
      mismatches: ['rows of part 0: 4 where the plan has 2'],
    });
  });

  test('makes a chain of baselines, each with the next generation', async () => {
    const first = await exportAll(stage, [ANNA]);
    const second = await exportAll(stage, [ANNA, BOB], { after: first });
    expect(await stage.staging.latestBaseline(first.ref.destinationId)).toEqual({
      exportId: second.ref.exportId,
      size: 2,
    });
  });

  test('keeps the report small: refusals beyond the thirty most frequent are summed up', async () => {
    const profiles = Array.from({ length: 40 }, (_, key) => ({
      key: `${key}`,
      email: `${key}@mail.test`,
      first: 'x',
      segments: ['vip'],
    }));
    const { settlement } = await exportAll(stage, profiles, { respond: refuseEachOtherwise });
    expect(settlement.refusals).toHaveLength(31);
    expect(settlement.refusals[0]).toEqual({ outcome: 'rejected', class: 'other', text: '', count: 10 });
  });
});

test('failures are ordered by key, may be selected by outcome, and show the address as the source has it', async () => {
  const { ref } = await exportAll(
    stage,
    [
      { ...ANNA, key: '9', email: ' Nobody ' },
      { ...ANNA, key: '8', email: null },
      { ...ANNA, key: '3', email: 'ANNA@mail.test' },
      ANNA,
      BOB,
    ],
    { respond: refuseBob(FAKE) },
  );
  expect(await stage.staging.readFailures(ref, {})).toEqual([
    {
      key: '2',
      email: 'bob@mail.test',
      outcome: 'rejected',
      reason: 'fake',
      text: 'looks fake or invalid',
      attribute: null,
      winner: null,
      since: null,
    },
    {
      key: '3',
      email: 'ANNA@mail.test',
      outcome: 'duplicate',
      reason: 'same_address',
      text: 'The profile 1 has the same address and is used.',
      attribute: null,
      winner: '1',
      since: null,
    },
    {
      key: '8',
      email: null,
      outcome: 'invalid',
      reason: 'email_missing',
      text: null,
      attribute: 'email',
      winner: null,
      since: null,
    },
    {
      key: '9',
      email: ' Nobody ',
      outcome: 'invalid',
      reason: 'email_malformed',
      text: null,
      attribute: 'email',
      winner: null,
      since: null,
    },
  ]);
  expect(await stage.staging.readFailures(ref, { outcomes: ['created'] })).toMatchObject([{ key: '1' }]);
  expect(await stage.staging.readFailures(ref, { key: '8' })).toMatchObject([{ reason: 'email_missing' }]);
  expect(await stage.staging.readFailures(ref, { email: 'anna@MAIL.test' })).toMatchObject([{ key: '3' }]);
  expect(await stage.staging.readFailures(ref, { key: "x' OR 'a' = 'a" })).toEqual([]);
  await expect(stage.staging.readFailures(stage.newExport(), {})).rejects.toMatchObject({
    code: 'EXPORT_NOT_FOUND',
  });
});
