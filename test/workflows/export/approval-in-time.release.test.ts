import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Held } from '../../../src/contract/guard';
import { approveUpdate, progressQuery } from '../../../src/workflows/messages';
import { heldIn } from '../../support/export-state';
import { AUDIENCE, person } from '../../support/stage';
import { HOUR_MS, MINUTE_MS, openSkipping, type Skipping } from '../skipping';

describe('a held export, while time passes', () => {
  let skipping: Skipping;

  beforeEach(async () => {
    skipping = await openSkipping();
    const { stage } = skipping;
    await stage.writeProfiles([1, 2, 3, 4].map((number) => person(number)));
    await stage.writeMembers([
      ['000001', 'vip'],
      ['000002', 'vip'],
      ['000003', 'north'],
    ]);
  });

  afterEach(async () => {
    await skipping.close();
  });

  const tags = () => skipping.stage.sandbox.state(AUDIENCE).tags;
  const view = () => skipping.exportHandle().query(progressQuery);
  const reportOf = (number: number) =>
    skipping.passTimeUntil(async () =>
      (await skipping.show()).exports.find((known) => known.number === number),
    );

  /** The segment vip has fallen to zero. */
  const startHeld = async (): Promise<Held> => {
    await skipping.connect();
    await skipping.configure({ guards: { newContacts: 10, removalShare: 1 } });
    await skipping.start();
    expect(await reportOf(1)).toMatchObject({ status: 'completed' });
    await skipping.stage.writeMembers([['000003', 'north']]);
    await skipping.start();
    return untilHeld(2);
  };
  const untilHeld = (wanted: number) =>
    skipping.passTimeUntil(async () => {
      const found = await view();
      return found.number === wanted && heldIn(found);
    });

  const approve = async ({ planId }: Held) => {
    const envelope = { ...(await skipping.envelope()), exportId: (await view()).ref.exportId };
    return skipping.exportHandle().executeUpdate(approveUpdate, { args: [{ planId, by: 'Kim' }, envelope] });
  };

  test('ends as expired after a day without a decision, with nothing sent', async () => {
    await skipping.stage.withWorker(async () => {
      const { since } = await startHeld();
      await skipping.environment.sleep('1410 minutes');
      expect(await view()).toMatchObject({ phase: 'held' });
      const report = await reportOf(2);
      expect(report).toMatchObject({
        status: 'expired',
        isSettled: true,
        outcomes: { removed: 0, not_sent: 2, unchanged: 1 },
        guards: [{ code: 'MASS_REMOVAL' }],
        approval: null,
      });
      const endedMs = Date.parse(report.startedAt) + report.durationMs;
      expect(endedMs - Date.parse(since)).toBeGreaterThanOrEqual(24 * HOUR_MS);
      expect(endedMs - Date.parse(since)).toBeLessThan(25 * HOUR_MS);
      expect(tags()).toEqual({ VIP: 2, North: 1 });
    });
  });

  test('continues with its plan when it is approved within the hour', async () => {
    await skipping.stage.withWorker(async () => {
      const held = await startHeld();
      await skipping.environment.sleep(50 * MINUTE_MS);
      expect(await approve(held)).toBe('approved');
      expect(await reportOf(2)).toMatchObject({ status: 'completed', outcomes: { removed: 2 } });
    });
  });

  test('is planned again when it is approved later, and continues if no number has grown', async () => {
    await skipping.stage.withWorker(async () => {
      const held = await startHeld();
      await skipping.environment.sleep('61 minutes');
      // One comes back: fewer than approved lose the tag.
      await skipping.stage.writeMembers([
        ['000003', 'north'],
        ['000003', 'vip'],
      ]);
      expect(await approve(held)).toBe('replanned');
      const after = await reportOf(3);
      expect(after).toMatchObject({ status: 'completed', approval: { by: 'Kim', planId: held.planId } });
      const before = await reportOf(2);
      expect(before).toMatchObject({
        status: 'replanned',
        isSettled: true,
        outcomes: { removed: 0, not_sent: 2 },
        next: { exportId: after.exportId, number: 3 },
        approval: { by: 'Kim' },
      });
      expect(tags()).toEqual({ VIP: 1, North: 1 });
    });
  });

  test('is held again when a guarded number grew beyond what was approved', async () => {
    await skipping.stage.writeMembers([
      ['000001', 'vip'],
      ['000002', 'vip'],
      ['000003', 'north'],
      ['000004', 'north'],
    ]);
    await skipping.stage.withWorker(async () => {
      const held = await startHeld();
      expect(held.guards).toMatchObject([{ segment: 'vip', number: 2 }]);
      await skipping.environment.sleep('2 hours');
      // Both segments are empty except for one new contact.
      await skipping.stage.writeProfiles([5, 6].map((number) => person(number)));
      await skipping.stage.writeMembers([['000005', 'vip']]);
      expect(await approve(held)).toBe('replanned');
      const again = await untilHeld(3);
      expect(again.planId).not.toBe(held.planId);
      expect(again.guards).toMatchObject([{ code: 'MASS_REMOVAL', segment: 'north' }]);
      expect(tags()).toEqual({ VIP: 2, North: 2 });
      expect(await approve(again)).toBe('approved');
      expect(await reportOf(3)).toMatchObject({
        status: 'completed',
        approval: { planId: again.planId },
        guards: [{ segment: 'north' }],
      });
    });
  });
});
