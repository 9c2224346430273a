import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportAll, LOCALS, member, openStage, rowsOf, VIP, type Stage } from '../stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const VIP_ID = 11;
const LOCALS_ID = 12;
const ANNA = { key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip', 'locals'] };
const BOB = { key: '2', email: 'bob@mail.test', first: 'Bob', segments: ['locals'] };

describe('a tag, which is known by its id,', () => {
  test('stays on members that got it from others, also after a rename', async () => {
    const anna = { ...ANNA, segments: ['vip'] };
    const audience = [member('anna@mail.test', 'subscribed', [VIP_ID])];
    const first = await exportAll(stage, [anna, BOB], { audience });
    const segments = [{ ...VIP, tag: 'Gold' }, LOCALS];
    const second = await exportAll(stage, [anna, BOB], { after: first, segments });
    expect(second.plan).toMatchObject({ chunks: 0, decided: { unchanged: 2 } });
    const third = await exportAll(stage, [BOB], { after: second, segments });
    expect(third.plan).toMatchObject({ chunks: 0, departed: 1, decided: { removed: 1 } });
  });

  test('that was deleted in Mailchimp is added again also to members that had it from others', async () => {
    const audience = [member('anna@mail.test', 'subscribed', [VIP_ID, LOCALS_ID])];
    const first = await exportAll(stage, [ANNA, BOB], { audience });
    const segments = [{ ...VIP, tagId: 99, isRestored: true }, LOCALS];
    const second = await exportAll(stage, [ANNA, BOB], { after: first, segments });
    expect(rowsOf(second.chunks)).toMatchObject([{ email: 'anna@mail.test' }]);
    // The number that the guard shows.
    expect(second.plan.segments).toMatchObject([{ segment: 'vip', toTag: 1 }, { toTag: 0 }]);
    expect(second.settlement.segments).toMatchObject([{ segment: 'vip', tagged: 1 }, { tagged: 0 }]);
  });

  test('of ours that was renamed in Mailchimp does not count as a tag of others', async () => {
    const first = await exportAll(stage, [ANNA, BOB], { audience: [] });
    const segments = [{ ...VIP, tag: 'Gold' }, LOCALS];
    const audience = [
      member('anna@mail.test', 'subscribed', [VIP_ID, LOCALS_ID]),
      member('bob@mail.test', 'subscribed', [LOCALS_ID]),
    ];
    const second = await exportAll(stage, [ANNA, BOB], { after: first, segments, audience, scope: 'full' });
    const third = await exportAll(stage, [BOB], { after: second, segments });
    const fourth = await exportAll(stage, [ANNA, BOB], { after: third, segments });
    expect(rowsOf(fourth.chunks)).toMatchObject([{ email: 'anna@mail.test' }]);
    expect(fourth.settlement.segments).toMatchObject([{ segment: 'vip', tagged: 1 }, { tagged: 1 }]);
    const fifth = await exportAll(stage, [BOB], { after: fourth, segments });
    expect(fifth.settlement.segments).toMatchObject([{ segment: 'vip', untagged: 1 }, { untagged: 1 }]);
  });
});
