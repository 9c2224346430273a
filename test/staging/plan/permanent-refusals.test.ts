import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { classified, type RowClass } from '../../../src/contract/row-class';
import {
  baselineOf,
  emailsOf,
  exportAll,
  FAKE,
  member,
  openStage,
  type Profile,
  refuseBob,
  type Respond,
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

/** A person for each class, who has its name. */
const ofClasses = (names: readonly RowClass[]) =>
  names.map((name) => ({ ...BOB, key: name, email: `${name}@mail.test` }));

/** Refuses each person with the class of the name. */
const refuseByName: Respond = (email) => ({ ...classified(email.split('@')[0] as RowClass), text: '' });

describe('a permanent refusal', () => {
  test('is not sent again while nothing changes, and is counted each time with its class and text', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob(FAKE) });
    const refusals = [{ outcome: 'rejected', class: 'fake', text: 'looks fake or invalid', count: 1 }];
    expect(first.settlement).toMatchObject({
      outcomes: { created: 1, rejected: 1 },
      refusals,
      baselineSize: 1,
    });
    let last = first;
    for (let times = 0; times < 2; times++) {
      last = await exportAll(stage, [ANNA, BOB], { after: last });
      expect(last.plan).toMatchObject({ chunks: 0, decided: { rejected: 1, unchanged: 1 } });
      expect(last.settlement).toMatchObject({ outcomes: { rejected: 1, unchanged: 1 }, refusals });
      expect(await stage.staging.readFailures(last.ref, {})).toEqual([
        {
          key: '2',
          email: 'bob@mail.test',
          outcome: 'rejected',
          reason: 'fake',
          text: 'looks fake or invalid',
          attribute: null,
          winner: null,
          since: SINCE,
        },
      ]);
    }
  });

  test('is retried when a field or a tag of the refused row changes', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob(FAKE) });
    const field = await exportAll(stage, [ANNA, { ...BOB, first: 'Rob' }], { after: first });
    expect(field.settlement.outcomes).toMatchObject({ created: 1, unchanged: 1 });
    const tag = await exportAll(stage, [ANNA, { ...BOB, segments: ['vip'] }], { after: first });
    expect(tag.settlement.outcomes).toMatchObject({ created: 1, unchanged: 1 });
  });

  test('is not forgotten while the profile is away, which is no departure', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob(FAKE) });
    const second = await exportAll(stage, [ANNA], { after: first });
    expect(second.plan).toMatchObject({ departed: 0 });
    const third = await exportAll(stage, [ANNA, BOB], { after: second });
    expect(third.plan).toMatchObject({ chunks: 0, decided: { rejected: 1 } });
  });

  test('of a change leaves what was acknowledged before, and tags are still removed', async () => {
    const both = { ...BOB, segments: ['vip', 'locals'] };
    const first = await exportAll(stage, [both]);
    const changed = { ...both, first: 'Rob' };
    const second = await exportAll(stage, [changed], { after: first, respond: refuseBob(FAKE) });
    expect(second.settlement).toMatchObject({ outcomes: { rejected: 1 }, baselineSize: 1 });
    const third = await exportAll(stage, [changed], { after: second });
    expect(third.plan).toMatchObject({ chunks: 0, decided: { rejected: 1 } });
    const back = await exportAll(stage, [both], { after: third });
    expect(back.plan).toMatchObject({ chunks: 0, decided: { unchanged: 1 } });
    const departed = await exportAll(stage, [ANNA], { after: third });
    expect(departed.settlement.outcomes).toMatchObject({ removed: 1, created: 1 });
  });

  test('does not prevent the removal of a tag, and decides the outcome', async () => {
    const both: Profile = { ...BOB, segments: ['vip', 'locals'] };
    const first = await exportAll(stage, [both]);
    const changed = { ...BOB, first: 'Rob' };
    const second = await exportAll(stage, [changed], {
      after: first,
      respond: (email, chunk) =>
        chunk.kind === 'upsert' ? FAKE : { result: 'rejected', class: 'unknown', text: '' },
    });
    expect(second.settlement.outcomes).toMatchObject({ rejected: 1 });
    const third = await exportAll(stage, [changed], { after: second });
    expect(third.chunks).toEqual([{ kind: 'untag', chunk: 0, tagId: VIP.tagId, emails: ['bob@mail.test'] }]);
    expect(third.settlement).toMatchObject({
      outcomes: { rejected: 1 },
      refusals: [{ class: 'fake' }],
      segments: [{ untagged: 1 }, {}],
    });
  });

  test('of a class that stays is remembered', async () => {
    const names = [
      'fake',
      'address_blank',
      'address_invalid',
      'compliance',
      'forgotten',
      'cleaned',
      'merge_field',
      'sms',
      'schema',
    ] as const;
    const first = await exportAll(stage, ofClasses(names), { respond: refuseByName });
    const second = await exportAll(stage, ofClasses(names), { after: first });
    expect(second.plan.chunks).toBe(0);
    const failures = await stage.staging.readFailures(second.ref, {});
    expect(new Map(failures.map(({ reason, outcome }) => [reason, outcome]))).toEqual(
      new Map(names.map((name) => [name, classified(name).result])),
    );
  });
});

const SINCE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown as string;
const FORGOTTEN = { ...classified('forgotten'), text: 'was permanently deleted' };

describe('a contact that is remembered as permanently deleted', () => {
  const changed = { ...BOB, first: 'Rob' };

  /** Bob was exported, deleted for good, and refused when his name changed. */
  async function forget() {
    const first = await exportAll(stage, [ANNA, BOB]);
    return exportAll(stage, [ANNA, changed], { after: first, respond: refuseBob(FORGOTTEN) });
  }

  test.each([
    ['a census', 'subscribed', 'full'],
    ['the list of opt-outs', 'unsubscribed', 'optOuts'],
  ] as const)(
    'is exported when %s shows it in the audience, with all that it lost',
    async (_, status, scope) => {
      const refused = await forget();
      const audience = [member('anna@mail.test', 'subscribed'), member('bob@mail.test', status)];
      // Nothing differs from what was sent before the deletion.
      const back = await exportAll(stage, [ANNA, BOB], {
        after: refused,
        scope,
        audience: audience.filter((row) => scope === 'full' || row.status !== 'subscribed'),
      });
      expect(back.plan).toMatchObject({ creates: 0, updates: 1, decided: { unchanged: 1 }, gone: 0 });
      expect(back.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
      expect(back.settlement).toMatchObject({ outcomes: { updated: 1, unchanged: 1 }, gone: 0 });
      expect(await baselineOf(stage, back)).toMatchObject([{}, { state: 'proven', refused_class: null }]);
    },
  );

  test('stays so in the baseline while its profile is away, and is sent when it is back', async () => {
    const refused = await forget();
    const audience = [member('bob@mail.test', 'subscribed')];
    const away = await exportAll(stage, [ANNA], {
      after: refused,
      scope: 'full',
      audience,
      keepDeparted: true,
    });
    expect(await baselineOf(stage, away)).toMatchObject([{}, { state: 'exposed', refused_class: null }]);
    const back = await exportAll(stage, [ANNA, changed], { after: away });
    expect(back.settlement.outcomes).toMatchObject({ updated: 1, unchanged: 1 });
  });

  test('is not sent where only an old census has it', async () => {
    const audience = [member('bob@mail.test', 'subscribed')];
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    const refused = await exportAll(stage, [ANNA, changed], { after: first, respond: refuseBob(FORGOTTEN) });
    const next = await exportAll(stage, [ANNA, changed], { after: refused, census: first.ref.exportId });
    expect(next.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1 } });
  });
});

const refuseBobAndCarol: Respond = (email, chunk) =>
  email === 'carol@mail.test' ? { ...classified('merge_field'), text: 'X' } : refuseBob(FAKE)(email, chunk);

describe('a remembered refusal', () => {
  test('of a merge field is tried again after seven days, since the cause may lie at Mailchimp', async () => {
    const respond = refuseBob({ ...classified('merge_field'), text: 'Field X' });
    const first = await exportAll(stage, [ANNA, BOB], { respond });
    stage.wait(6.9);
    const waits = await exportAll(stage, [ANNA, BOB], { after: first });
    expect(waits.plan.chunks).toBe(0);
    stage.wait(0.2);
    const again = await exportAll(stage, [ANNA, BOB], { after: waits, respond });
    expect(again.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
    const later = await exportAll(stage, [ANNA, BOB], { after: again });
    expect(later.plan.chunks).toBe(0);
  });

  test('is tried again on request, but a throttled address still waits', async () => {
    const respond = refuseBob(FAKE);
    const first = await exportAll(stage, [ANNA, BOB], { respond });
    const again = await exportAll(stage, [ANNA, BOB], { after: first, respond, retryRefused: true });
    expect(again.settlement).toMatchObject({ outcomes: { rejected: 1, unchanged: 1 } });
    expect(again.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
    const done = await exportAll(stage, [ANNA, BOB], { after: again, retryRefused: true });
    expect(done.settlement.outcomes).toMatchObject({ created: 1, unchanged: 1 });
    const throttled = refuseBob({ result: 'throttled', class: 'too_many_signups', text: '' });
    const slow = await exportAll(stage, [ANNA, BOB], { respond: throttled });
    const waits = await exportAll(stage, [ANNA, BOB], { after: slow, retryRefused: true });
    expect(waits.plan.chunks).toBe(0);
  });

  test('is counted apart from a refusal of this export, with the time since when', async () => {
    const CAROL = { ...BOB, key: '3', email: 'carol@mail.test' };
    const first = await exportAll(stage, [ANNA, BOB], { respond: refuseBob(FAKE) });
    expect(first.settlement.refusals).toEqual([
      { outcome: 'rejected', class: 'fake', text: FAKE.text, count: 1 },
    ]);
    const second = await exportAll(stage, [ANNA, BOB, CAROL], { after: first, respond: () => FAKE });
    expect(second.settlement.refusals).toEqual([
      { outcome: 'rejected', class: 'fake', text: FAKE.text, count: 1 },
      { outcome: 'rejected', class: 'fake', text: FAKE.text, count: 1, rememberedSince: SINCE },
    ]);
    expect(await stage.staging.readFailures(second.ref, {})).toMatchObject([
      { key: '2', since: SINCE },
      { key: '3', since: null },
    ]);
  });

  test('is listed, and lifted by class or key; what is refused after that is not lifted', async () => {
    const CAROL = { ...BOB, key: '3', email: 'carol@mail.test' };
    const people = [ANNA, BOB, CAROL];
    const first = await exportAll(stage, people, { respond: refuseBobAndCarol });
    const { staging } = stage;
    const bob = {
      key: '2',
      email: 'bob@mail.test',
      class: 'fake',
      text: FAKE.text,
      since: SINCE,
      retryAt: null,
    };
    expect(await staging.readRefusals(first.ref, {})).toEqual([
      { ...bob, isLifted: false },
      {
        ...bob,
        key: '3',
        email: 'carol@mail.test',
        class: 'merge_field',
        text: 'X',
        retryAt: SINCE,
        isLifted: false,
      },
    ]);
    expect(await staging.readRefusals(first.ref, { classes: ['merge_field'] })).toMatchObject([{ key: '3' }]);
    expect(await staging.readRefusals(first.ref, { key: '2' })).toMatchObject([{ key: '2' }]);
    expect(await staging.liftRefusals(first.ref, { classes: ['schema'] })).toBe(0);
    expect(await staging.liftRefusals(first.ref, { key: '2', classes: ['fake'] })).toBe(1);
    expect(await staging.readRefusals(first.ref, {})).toMatchObject([
      { isLifted: true },
      { isLifted: false },
    ]);
    const second = await exportAll(stage, people, { respond: refuseBobAndCarol, after: first });
    expect(second.chunks.flatMap(emailsOf)).toEqual(['bob@mail.test']);
    const third = await exportAll(stage, people, { respond: refuseBobAndCarol, after: second });
    expect(third.plan.chunks).toBe(0);
    expect(await staging.liftRefusals(third.ref, {})).toBe(2);
    const fourth = await exportAll(stage, people, { after: third });
    expect(fourth.settlement.outcomes).toMatchObject({ created: 2, unchanged: 1 });
    await staging.liftRefusals(fourth.ref, {});
    await staging.discard(first.ref.destinationId);
    await expect(staging.readRefusals(fourth.ref, {})).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
  });
});

test('a refusal of a class that may pass is tried again by the next export', async () => {
  const names = ['unknown', 'server_error', 'plan_limit', 'exists'] as const;
  const first = await exportAll(stage, ofClasses(names), { respond: refuseByName });
  expect(first.settlement.outcomes).toMatchObject({ created: 0 });
  const second = await exportAll(stage, ofClasses(names), { after: first });
  expect(second.settlement.outcomes).toMatchObject({ created: names.length });
});

describe('a throttled address', () => {
  const respond = refuseBob({ result: 'throttled', class: 'too_many_signups', text: 'too many' });
  const MINUTE = 1 / (24 * 60);

  test('waits, whatever there is to send, and counts as throttled each time', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { respond });
    expect(first.settlement.outcomes).toMatchObject({ created: 1, throttled: 1 });
    const same = await exportAll(stage, [ANNA, BOB], { after: first });
    expect(same.plan).toMatchObject({ chunks: 0, decided: { throttled: 1, unchanged: 1 } });
    expect(same.settlement).toMatchObject({
      outcomes: { throttled: 1, unchanged: 1 },
      refusals: [{ outcome: 'throttled', class: 'too_many_signups', text: 'too many', count: 1 }],
    });
    const changed = await exportAll(stage, [ANNA, { ...BOB, first: 'Rob' }], { after: same });
    expect(changed.plan).toMatchObject({ chunks: 0, decided: { throttled: 1 } });
  });

  test('is tried again after five minutes, a day, two days, seven days, and seven days from then on', async () => {
    let last = await exportAll(stage, [ANNA, BOB], { respond });
    for (const [index, days] of [5 * MINUTE, 1, 2, 7, 7].entries()) {
      stage.wait(days - MINUTE);
      last = await exportAll(stage, [ANNA, BOB], { after: last, respond });
      expect(last.plan.chunks).toBe(0);
      stage.wait(2 * MINUTE);
      const changed = { ...BOB, first: `Bob ${index}` };
      last = await exportAll(stage, [ANNA, changed], { after: last, respond });
      expect(last.chunks.map(emailsOf)).toEqual([['bob@mail.test']]);
    }
    stage.wait(8);
    last = await exportAll(stage, [ANNA, BOB], { after: last });
    expect(last.settlement.outcomes).toMatchObject({ created: 1 });
    expect(await baselineOf(stage, last)).toMatchObject([
      {},
      { address: 'bob@mail.test', state: 'proven', refused_outcome: null, refused_until: null },
    ]);
  });

  test('still loses a tag that is to be removed', async () => {
    const both: Profile = { ...BOB, segments: ['vip', 'locals'] };
    const first = await exportAll(stage, [both]);
    const changed = await exportAll(stage, [{ ...both, first: 'Rob' }], { after: first, respond });
    const left = await exportAll(stage, [{ ...BOB, first: 'Rob' }], { after: changed });
    expect(left.chunks).toMatchObject([{ kind: 'untag', tagId: VIP.tagId }]);
    expect(left.settlement.outcomes).toMatchObject({ throttled: 1 });
  });
});

test('the baseline follows a profile whose key changed, although nothing is sent', async () => {
  const first = await exportAll(stage, [ANNA, { ...ANNA, key: '5' }]);
  expect(await baselineOf(stage, first)).toMatchObject([{ keys: ['1', '5'] }]);
  const second = await exportAll(stage, [{ ...ANNA, key: '7' }], { after: first });
  expect(second.plan.chunks).toBe(0);
  expect(await baselineOf(stage, second)).toMatchObject([{ keys: ['7'] }]);
});
