import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emailsOf, exportAll, member, openStage, OTHER, refuseBob, rowsOf, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };
const VIP_ID = 11;
const LOCALS_ID = 12;
const ANN = { ...ANNA, first: 'Ann' };

describe('a census', () => {
  test('is put together from pages that are fetched once each', async () => {
    const { staging } = stage;
    const ref = stage.newExport();
    const first = { listing: 'current', offset: 0 } as const;
    expect(await staging.hasCensusPage(ref, first)).toBe(false);
    await staging.sealCensusPage(ref, first, [
      member('a@mail.test', 'subscribed'),
      member('b@mail.test', 'archived'),
    ]);
    await staging.sealCensusPage(ref, first, [member('ignored@mail.test', 'subscribed')]);
    await staging.sealCensusPage(ref, { listing: 'current', offset: 950 }, [
      member('c@mail.test', 'subscribed'),
    ]);
    await staging.sealCensusPage(ref, { listing: 'archived', offset: 0 }, []);
    expect(await staging.hasCensusPage(ref, { listing: 'current', offset: 950 })).toBe(true);
    expect(await staging.hasCensusPage(ref, { listing: 'archived', offset: 950 })).toBe(false);
    const summary = { members: 3, byStatus: { archived: 1, subscribed: 2 } };
    expect(await staging.sealCensus(ref, { scope: 'full', baseline: null })).toEqual(summary);
    expect(await staging.sealCensus(ref, { scope: 'full', baseline: null })).toEqual(summary);
  });

  test('of an empty audience is empty', async () => {
    expect(await stage.staging.sealCensus(stage.newExport(), { scope: 'full', baseline: null })).toEqual({
      members: 0,
      byStatus: {},
    });
  });

  test('counts a member that is on two pages once, as the later page has it', async () => {
    const ref = stage.newExport();
    const { staging } = stage;
    await staging.sealCensusPage(ref, { listing: 'current', offset: 9_500 }, [
      member('A@mail.test', 'subscribed'),
    ]);
    await staging.sealCensusPage(ref, { listing: 'current', offset: 10_450 }, [
      member('a@mail.test', 'pending'),
    ]);
    expect(await staging.sealCensus(ref, { scope: 'full', baseline: null })).toEqual({
      members: 1,
      byStatus: { pending: 1 },
    });
  });

  test('uses the strictest status of a member that is listed with two', async () => {
    const ref = stage.newExport();
    const { staging } = stage;
    const strictest = ['archived', 'cleaned', 'unsubscribed'] as const;
    for (const [index, listing] of strictest.entries()) {
      const rows = [member('a@mail.test', listing), member(`only-${listing}@mail.test`, listing)];
      await staging.sealCensusPage(ref, { listing, offset: index * 950 }, rows.slice(index === 2 ? 1 : 0));
    }
    await staging.sealCensusPage(ref, { listing: 'cleaned', offset: 9_500 }, [
      member('only-unsubscribed@mail.test', 'cleaned'),
    ]);
    expect(await staging.sealCensus(ref, { scope: 'optOuts', baseline: null })).toEqual({
      members: 4,
      byStatus: { archived: 2, cleaned: 2 },
    });
  });

  test('is required for every plan: a full one, or one of the opt-outs', async () => {
    const ref = stage.newExport();
    await stage.snapshot(ref, [ANNA]);
    const request = {
      email: 'email',
      fields: [],
      segments: [],
      baseline: null,
      census: null,
      statusIfNew: 'subscribed',
      keepDeparted: false,
      strict: false,
      optedOut: 'update',
      latest: null,
    } as const;
    await expect(stage.staging.plan(ref, request)).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
    await expect(
      stage.staging.plan(ref, { ...request, census: stage.newExport().exportId }),
    ).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
    await stage.census(ref, 'optOuts', { audience: [] });
    expect(await stage.staging.plan(ref, request)).toMatchObject({ creates: 1 });
  });
});

describe('a member that was in the audience before the first export', () => {
  test('is known, so that an acknowledgement is an update', async () => {
    const audience = [member('Anna@MAIL.test', 'subscribed'), member('jo@münchen.de', 'unsubscribed')];
    const first = await exportAll(stage, [ANNA, BOB, { ...BOB, key: '3', email: 'Jo@MÜNCHEN.de' }], {
      audience,
    });
    expect(first.plan).toMatchObject({ creates: 1, updates: 2 });
    expect(first.settlement.outcomes).toMatchObject({ created: 1, updated: 2 });
  });

  test('is known in later exports too, which read only the opt-outs', async () => {
    const first = await exportAll(stage, [BOB], { audience: [member('anna@mail.test', 'subscribed')] });
    const second = await exportAll(stage, [ANNA, BOB], { after: first });
    expect(second.settlement.outcomes).toMatchObject({ updated: 1, unchanged: 1 });
  });

  test('or came since and has opted out, is known too', async () => {
    const first = await exportAll(stage, [ANNA], { audience: [] });
    const audience = [member('bob@mail.test', 'unsubscribed')];
    const second = await exportAll(stage, [ANNA, BOB], { after: first, audience });
    expect(rowsOf(second.chunks)).toMatchObject([{ known: true, status: 'unsubscribed' }]);
    expect(second.settlement.outcomes).toMatchObject({ updated: 1, created: 0 });
  });

  test('or is not, for sure, whatever an earlier attempt may have done', async () => {
    const respond = refuseBob({ result: 'unproven', class: 'no_answer' });
    const first = await exportAll(stage, [BOB], { respond });
    const second = await exportAll(stage, [BOB], { after: first, audience: [], scope: 'full' });
    expect(second.plan).toMatchObject({ creates: 1, uncertain: 0 });
  });

  test('and carried a tag keeps it: it is not ours, although our append named it too', async () => {
    const audience = [member('anna@mail.test', 'subscribed', [VIP_ID, OTHER])];
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    expect(rowsOf(first.chunks).find(({ email }) => email === 'anna@mail.test')?.tags).toBe(
      '["VIP","Locals"]',
    );
    expect(first.plan.segments.map(({ toTag }) => toTag)).toEqual([0, 2]);
    const same = await exportAll(stage, [ANNA, BOB], { after: first });
    expect(same.plan.chunks).toBe(0);
    const left = await exportAll(stage, [BOB], { after: same });
    expect(left.chunks).toEqual([{ kind: 'untag', chunk: 0, tagId: 12, emails: ['anna@mail.test'] }]);
  });

  test('with all our tags is removed without a request when leaving', async () => {
    const audience = [member('anna@mail.test', 'subscribed', [VIP_ID, LOCALS_ID])];
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    const left = await exportAll(stage, [BOB], { after: first });
    expect(left.plan).toMatchObject({
      departed: 1,
      removals: 0,
      chunks: 0,
      decided: { removed: 1, unchanged: 1 },
    });
    const later = await exportAll(stage, [BOB], { after: left });
    expect(later.plan).toMatchObject({ departed: 0, decided: { removed: 0, unchanged: 1 } });
  });

  test('and carried a tag keeps it also when selected only later', async () => {
    const audience = [member('carl@mail.test', 'subscribed', [VIP_ID])];
    const carl = { key: '4', email: 'carl@mail.test', first: 'Carl', segments: ['vip'] };
    const first = await exportAll(stage, [BOB], { audience });
    const second = await exportAll(stage, [BOB, carl], { after: first });
    expect(second.settlement.outcomes).toMatchObject({ updated: 1, unchanged: 1 });
    const third = await exportAll(stage, [BOB], { after: second });
    expect(third.plan).toMatchObject({ departed: 1, chunks: 0 });
  });
});

describe('a later full census', () => {
  test('does not count our own tags as those of others', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [] });
    const audience = [member('anna@mail.test', 'subscribed', [VIP_ID, LOCALS_ID])];
    const left = await exportAll(stage, [BOB], { after: first, audience, scope: 'full' });
    expect(left.plan).toMatchObject({ departed: 1, removals: 1 });
  });

  test('does not prevent a contact that carried our tag, left and comes back from getting it again', async () => {
    const vip = { ...ANNA, segments: ['vip'] };
    const first = await exportAll(stage, [vip, BOB], { audience: [] });
    const audience = [member('anna@mail.test', 'subscribed', [VIP_ID])];
    const second = await exportAll(stage, [vip, BOB], { after: first, audience, scope: 'full' });
    const third = await exportAll(stage, [BOB], { after: second });
    const fourth = await exportAll(stage, [vip, BOB], { after: third });
    expect(rowsOf(fourth.chunks).map(({ email }) => email)).toEqual(['anna@mail.test']);
  });

  test('replaces the earlier one for later exports: members that are new in it are known, and their tags are not ours', async () => {
    const first = await exportAll(stage, [BOB], { audience: [] });
    const audience = [
      member('bob@mail.test', 'subscribed', [LOCALS_ID]),
      member('anna@mail.test', 'subscribed', [VIP_ID]),
    ];
    const second = await exportAll(stage, [BOB], { after: first, audience, scope: 'full' });
    const third = await exportAll(stage, [ANNA, BOB], { after: second });
    expect(third.settlement.outcomes).toMatchObject({ updated: 1, unchanged: 1 });
    const left = await exportAll(stage, [], { after: third });
    const untagged = left.chunks.map((chunk) => [chunk.kind === 'untag' && chunk.tagId, emailsOf(chunk)]);
    expect(untagged).toEqual([[12, expect.arrayContaining(['anna@mail.test', 'bob@mail.test'])]]);
  });

  test('provides the present statuses, whatever the baseline has', async () => {
    const first = await exportAll(stage, [ANNA], { audience: [] });
    const audience = [member('anna@mail.test', 'pending')];
    const changed = await exportAll(stage, [ANN], { after: first, audience, scope: 'full' });
    expect(rowsOf(changed.chunks)).toMatchObject([{ status: 'pending' }]);
    const gone = await exportAll(stage, [{ ...ANNA, first: 'Anne' }], {
      after: changed,
      audience: [],
      scope: 'full',
    });
    expect(rowsOf(gone.chunks)).toMatchObject([{ status: null, known: true }]);
  });
});

describe('a member that is archived now', () => {
  test('gets nothing, and is suppressed', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [member('anna@mail.test', 'archived')] });
    expect(first.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
    expect(first.settlement).toMatchObject({
      outcomes: { suppressed: 1, created: 1 },
      refusals: [{ outcome: 'suppressed', class: 'archived', text: '', count: 1 }],
    });
    expect(await stage.staging.readFailures(first.ref, {})).toMatchObject([
      { key: '1', outcome: 'suppressed', reason: 'archived' },
    ]);
    const audience = [member('anna@mail.test', 'archived')];
    const second = await exportAll(stage, [ANN, BOB], { after: first, audience });
    expect(second.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1, unchanged: 1 } });
  });

  test('is left unchanged also if it was exported before: no update, no tag removed', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [] });
    const audience = [member('Anna@mail.test', 'archived')];
    const changed = await exportAll(stage, [ANN, BOB], { after: first, audience });
    expect(changed.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1, unchanged: 1 } });
    const left = await exportAll(stage, [BOB], { after: changed, audience });
    expect(left.plan).toMatchObject({ departed: 1, chunks: 0, decided: { suppressed: 1 } });
    const back = await exportAll(stage, [BOB], { after: left, audience: [] });
    expect(back.plan).toMatchObject({ departed: 1, removals: 1 });
  });

  test('does not count as unchanged, and is counted apart in the baseline', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [] });
    expect(first.settlement).toMatchObject({ baselineSize: 2, gone: 0 });
    const audience = [member('anna@mail.test', 'archived')];
    const second = await exportAll(stage, [ANNA, BOB], { after: first, audience });
    expect(second.plan).toMatchObject({
      chunks: 0,
      decided: { suppressed: 1, unchanged: 1 },
      baselineSize: 1,
      gone: 1,
    });
    expect(second.settlement).toMatchObject({
      outcomes: { suppressed: 1, unchanged: 1 },
      refusals: [{ outcome: 'suppressed', class: 'archived', count: 1 }],
      baselineSize: 1,
      gone: 1,
    });
    // It is in the audience again.
    const third = await exportAll(stage, [ANNA, BOB], { after: second, audience: [] });
    expect(third.settlement).toMatchObject({ outcomes: { unchanged: 2 }, baselineSize: 2, gone: 0 });
  });

  test('counts apart also one that Mailchimp has deleted permanently, once a refusal shows it', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [] });
    const second = await exportAll(stage, [ANN, BOB], {
      after: first,
      audience: [],
      respond: () => ({ result: 'suppressed', class: 'forgotten', text: 'was deleted' }),
    });
    expect(second.settlement).toMatchObject({ outcomes: { suppressed: 1 }, baselineSize: 1, gone: 1 });
    const third = await exportAll(stage, [ANN, BOB], { after: second, audience: [] });
    expect(third.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1 }, baselineSize: 1, gone: 1 });
  });

  test('is sent again when it is no longer archived, with an unknown status', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [member('anna@mail.test', 'archived')] });
    const second = await exportAll(stage, [ANNA, BOB], { after: first, audience: [] });
    expect(rowsOf(second.chunks)).toMatchObject([{ email: 'anna@mail.test', known: true, status: null }]);
  });
});

describe('the last known status', () => {
  test('is the opt-out that is listed now, not the status of a reply or of the census', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [] });
    const audience = [member('anna@mail.test', 'unsubscribed'), member('bob@mail.test', 'cleaned')];
    const changed = [ANN, { ...BOB, first: 'Rob' }];
    const second = await exportAll(stage, changed, { after: first, audience });
    expect(rowsOf(second.chunks)).toMatchObject([{ status: 'unsubscribed' }, { status: 'cleaned' }]);
  });

  test('is that of the last reply, or else that of the census', async () => {
    const audience = [member('anna@mail.test', 'pending'), member('bob@mail.test', 'transactional')];
    const first = await exportAll(stage, [ANNA], { audience });
    expect(rowsOf(first.chunks)).toMatchObject([{ status: 'pending' }]);
    const second = await exportAll(stage, [ANN, BOB], { after: first });
    expect(rowsOf(second.chunks)).toMatchObject([{ status: 'subscribed' }, { status: 'transactional' }]);
  });

  test('is unknown of a contact that had opted out and is no longer listed', async () => {
    const first = await exportAll(stage, [ANNA], {
      audience: [member('anna@mail.test', 'unsubscribed')],
      respond: () => ({ result: 'acknowledged', status: 'unsubscribed' }),
    });
    const second = await exportAll(stage, [ANN], { after: first });
    expect(rowsOf(second.chunks)).toMatchObject([{ known: true, status: null }]);
  });
});

test('expiry keeps the census that later plans read', async () => {
  const first = await exportAll(stage, [BOB], { audience: [member('anna@mail.test', 'subscribed')] });
  const second = await exportAll(stage, [BOB], { after: first });
  await stage.staging.claim(stage.newExport());
  await stage.staging.expire(second.ref.destinationId, {
    baseline: second.ref.exportId,
    keepDays: 0,
    keepExports: 100,
  });
  const third = await exportAll(stage, [ANNA, BOB], { after: second });
  expect(third.settlement.outcomes).toMatchObject({ updated: 1, unchanged: 1 });
});
