import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emailsOf, exportAll, member, openStage, refuseBob, rowsOf, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };
const MOVED = { ...BOB, email: 'robert@mail.test' };
const OUT = [member('bob@mail.test', 'unsubscribed')];

describe('a profile with another address than before', () => {
  test('is a departure and a new address, counted as readdressed', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    expect(first.plan.readdressed).toBe(0);
    const second = await exportAll(stage, [ANNA, MOVED], { after: first });
    expect(second.plan).toMatchObject({ departed: 1, readdressed: 1, creates: 1, removals: 1 });
    expect(second.settlement).toMatchObject({
      readdressed: 1,
      outcomes: { removed: 1, created: 1, unchanged: 1 },
    });
    const third = await exportAll(stage, [ANNA, MOVED], { after: second });
    expect(third.plan).toMatchObject({ departed: 0, readdressed: 0 });
  });

  test('is not readdressed if another profile has the old address, or the new one is invalid', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const heir = { ...BOB, key: '3' };
    const taken = await exportAll(stage, [ANNA, MOVED, heir], { after: first });
    expect(taken.plan).toMatchObject({ departed: 0, readdressed: 0 });
    const broken = await exportAll(stage, [ANNA, { ...BOB, email: 'robert' }], { after: first });
    expect(broken.plan).toMatchObject({ departed: 1, readdressed: 0 });
  });

  test.each(['unsubscribed', 'cleaned', 'archived'])(
    'gets nothing under the new one where the old one is %s now, in this export and in later ones',
    async (status) => {
      const audience = [member('bob@mail.test', status)];
      const first = await exportAll(stage, [ANNA, BOB]);
      const second = await exportAll(stage, [ANNA, MOVED], { after: first, audience });
      expect(second.chunks.flatMap(emailsOf)).not.toContain('robert@mail.test');
      expect(await stage.staging.readFailures(second.ref, {})).toContainEqual({
        key: '2',
        email: 'robert@mail.test',
        outcome: 'suppressed',
        reason: 'opted_out_elsewhere',
        text: null,
        attribute: null,
        winner: null,
        since: null,
      });
      const third = await exportAll(stage, [ANNA, MOVED], { after: second, audience });
      expect(third.plan.decided.suppressed).toBeGreaterThanOrEqual(1);
      expect(third.chunks.flatMap(emailsOf)).toEqual([]);
    },
  );

  test('gets nothing when the old address opted out while its profile was in no segment, as long as the new one is not known as subscribed', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const respond = refuseBob({ result: 'acknowledged' });
    const away = await exportAll(stage, [ANNA], { after: first, respond, audience: OUT });
    const back = await exportAll(stage, [ANNA, MOVED], { after: away, audience: OUT });
    expect(back.plan).toMatchObject({ chunks: 0, departed: 0, decided: { suppressed: 1 } });
    const again = await exportAll(stage, [ANNA, MOVED], { after: back, audience: [] });
    expect(again.settlement.outcomes).toMatchObject({ created: 1 });
  });

  test('goes on under the new one where that is a subscribed member of its own', async () => {
    const audience = [...OUT, member('robert@mail.test', 'subscribed')];
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    const second = await exportAll(stage, [ANNA, MOVED], { after: first, audience });
    expect(rowsOf(second.chunks)).toMatchObject([{ email: 'robert@mail.test', status: 'subscribed' }]);
    const pending = [...OUT, member('robert@mail.test', 'pending')];
    const other = await exportAll(stage, [ANNA, MOVED], { after: first, audience: pending, scope: 'full' });
    expect(other.plan.decided.suppressed).toBe(1);
  });

  test('gets nothing if the old one was refused because the contact objects', async () => {
    const respond = refuseBob({ result: 'suppressed', class: 'compliance', text: 'compliance state' });
    const first = await exportAll(stage, [ANNA, BOB], { respond });
    const second = await exportAll(stage, [ANNA, MOVED], { after: first });
    expect(second.plan).toMatchObject({ chunks: 0, decided: { suppressed: 1 } });
  });

  test('withholds the address too that it now shares with another profile', async () => {
    const first = await exportAll(stage, [ANNA, BOB]);
    const shared = [ANNA, { ...MOVED, key: '0' }, MOVED];
    const second = await exportAll(stage, shared, { after: first, audience: OUT });
    expect(second.chunks.flatMap(emailsOf)).not.toContain('robert@mail.test');
  });

  test.each([
    { why: 'is archived', status: 'archived', optedOut: 'update' },
    { why: 'has opted out and is to be skipped', status: 'unsubscribed', optedOut: 'skip' },
  ] as const)('gets nothing where the old one was never sent since it $why', async ({ status, optedOut }) => {
    const audience = [member('bob@mail.test', status)];
    const first = await exportAll(stage, [ANNA, BOB], { audience, optedOut });
    expect(first.settlement).toMatchObject({ baselineSize: 1, outcomes: { suppressed: 1 } });
    const second = await exportAll(stage, [ANNA, MOVED], { after: first, audience, optedOut });
    expect(second.plan).toMatchObject({ chunks: 0, departed: 0, decided: { suppressed: 1 } });
  });

  test('gets nothing where another profile still has the old one, in this export and in later ones', async () => {
    const other = { ...BOB, key: '3' };
    let last = await exportAll(stage, [BOB, other]);
    for (const profiles of [
      [BOB, { ...other, email: 'robert@mail.test' }],
      [BOB, { ...other, email: 'rob@mail.test' }],
    ]) {
      last = await exportAll(stage, profiles, { after: last, audience: OUT });
      expect(last.plan).toMatchObject({ creates: 0, readdressed: 0, decided: { suppressed: 1 } });
    }
  });

  test('gets nothing where a profile that never had it has the old one now', async () => {
    const first = await exportAll(stage, [BOB]);
    const heir = { ...BOB, key: '9' };
    const second = await exportAll(stage, [MOVED, heir], { after: first, audience: OUT });
    expect(second.plan).toMatchObject({ creates: 0, decided: { suppressed: 1 } });
  });

  test('is sent if the old one has the status that the export gave it: opted out, but not by choice', async () => {
    const respond = refuseBob({ result: 'acknowledged', status: 'unsubscribed' });
    const request = { statusIfNew: 'unsubscribed', optedOut: 'skip', respond } as const;
    const first = await exportAll(stage, [BOB], request);
    const older = { ...BOB, first: 'Robert' };
    const second = await exportAll(stage, [older], { ...request, after: first, audience: OUT });
    expect(second.settlement.outcomes).toMatchObject({ updated: 1 });
    const third = await exportAll(stage, [{ ...older, email: 'robert@mail.test' }], {
      ...request,
      after: second,
      audience: OUT,
    });
    expect(third.settlement.outcomes).toMatchObject({ removed: 1, created: 1 });
  });
});
