import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Approval, Held } from '../../../src/contract/guard';
import { exportWorkflowId } from '../../../src/contract/identifiers';
import { approveUpdate, denyUpdate } from '../../../src/workflows/messages';
import { callMailchimp, tagIdOf } from '../../support/mailchimp';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { heldIn, reasonIn } from '../../support/export-state';
import { until } from '../../support/until';

const envelope = (exportId: string) => ({
  requestId: randomUUID(),
  notAfter: Date.now() + 60_000,
  exportId,
});
const decision = ({ planId }: Held) => ({ planId, by: 'Kim' });

describe('an export that would take tags from many', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await stage.writeProfiles([1, 2, 3].map((number) => person(number)));
    await stage.writeMembers([
      ['000001', 'vip'],
      ['000002', 'vip'],
      ['000003', 'north'],
    ]);
  });

  afterEach(async () => {
    await stage.close();
  });

  const progress = () => stage.progress();
  const handle = () => stage.temporal.workflow.getHandle(exportWorkflowId(stage.destinationId));
  const tags = () => stage.sandbox.state(AUDIENCE).tags;
  const writes = () =>
    stage.sandbox.requests().filter(({ method, via }) => method !== 'GET' && via === 'http').length;

  const exportFirst = async () => {
    await stage.connect();
    await stage.configure();
    expect(await stage.export()).toMatchObject({ status: 'completed', guards: [], approval: null });
  };

  /** The segment vip falls to zero. */
  const startHeld = async (): Promise<{ exportId: string; held: Held }> => {
    await stage.writeMembers([['000003', 'north']]);
    const { id: exportId } = await stage.client.start(stage.destinationId);
    return { exportId, held: await untilHeld() };
  };
  const untilHeld = () => until(async () => heldIn(await progress()));

  test('is held with its numbers, sends nothing, and continues when its plan is approved', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const before = writes();
      const { exportId, held } = await startHeld();
      expect(held.guards).toEqual([
        {
          code: 'MASS_REMOVAL',
          segment: 'vip',
          number: 2,
          limit: 0,
          message: 'The segment "vip" is empty now: 2 contacts would lose the tag "VIP".',
        },
      ]);
      expect(Date.parse(held.until) - Date.parse(held.since)).toBe(24 * 60 * 60_000);
      expect(await progress()).toMatchObject({ phase: 'held', plan: { planId: held.planId } });
      expect(writes()).toBe(before);

      const { number } = (await progress())!;
      expect(await (await stage.running()).approve(decision(held))).toEqual({
        disposition: 'approved',
        exportId,
        number,
      });
      const report = await stage.follow(exportId);
      expect(report).toMatchObject({
        status: 'completed',
        outcomes: { removed: 2 },
        guards: [{ code: 'MASS_REMOVAL', number: 2 }],
        approval: { by: 'Kim', planId: held.planId, numbers: [{ code: 'MASS_REMOVAL', number: 2 }] },
      });
      expect(tags()).toEqual({ North: 1, VIP: 0 });
    });
  });

  test('runs the preflight again after the approval', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const { exportId, held } = await startHeld();
      stage.sandbox.fail('401 on GET /');
      await (await stage.running()).approve(decision(held));
      const stopped = await until(async () => reasonIn(await progress(), 'stopped'));
      expect(stopped).toMatchObject({ code: 'KEY_INVALID' });
      expect(tags()).toEqual({ North: 1, VIP: 2 });
      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { removed: 2 } });
    });
  });

  test('ends with nothing sent when it is denied, and would be held again', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const before = writes();
      const { exportId, held } = await startHeld();
      await (await stage.running()).deny(decision(held));
      expect(await stage.follow(exportId)).toMatchObject({
        status: 'denied',
        isSettled: true,
        outcomes: { removed: 0, not_sent: 2, unchanged: 1 },
        guards: [{ code: 'MASS_REMOVAL' }],
        approval: null,
        denial: { planId: held.planId, by: 'Kim', at: expect.stringMatching(/^\d{4}-.*Z$/) },
        segments: [{ segment: 'vip', failed: 0, notSent: 2 }, { segment: 'north' }],
      });
      expect(writes()).toBe(before);
      const planned = await stage.plan();
      expect(planned).toMatchObject({ status: 'planned', guards: [{ code: 'MASS_REMOVAL', number: 2 }] });
    });
  });

  test('is not held when its switch is set, and its plan does not say so either', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      await stage.writeMembers([['000003', 'north']]);
      const planned = await stage.plan({ allowMassRemoval: true });
      expect(planned).toMatchObject({ status: 'planned', guards: [] });
      const report = await stage.export({ allowMassRemoval: true });
      expect(report).toMatchObject({ status: 'completed', guards: [], outcomes: { removed: 2 } });
    });
  });

  test('is approved while it is paused, and sends when it is resumed', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const { exportId, held } = await startHeld();
      await (await stage.running()).pause();
      await (await stage.running()).approve(decision(held));
      expect(await progress()).toMatchObject({ state: { kind: 'paused' }, isPaused: true });
      expect(tags()).toEqual({ North: 1, VIP: 2 });
      await (await stage.running()).resume();
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { removed: 2 } });
    });
  });

  test('is joined while it is held, and cancelled with nothing sent', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const { exportId } = await startHeld();
      expect(await stage.client.start(stage.destinationId)).toMatchObject({
        id: exportId,
        disposition: 'joined',
      });
      await stage.handle(exportId).cancel();
      expect(await stage.follow(exportId)).toMatchObject({
        status: 'cancelled',
        isSettled: true,
        outcomes: { not_sent: 2 },
      });
      expect(tags()).toEqual({ North: 1, VIP: 2 });
    });
  });

  test('takes no decision about another plan, about no plan, or too late; a repeated one is harmless', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const { exportId, held } = await startHeld();
      const running = stage.handle(exportId);
      const other = { planId: 'another', by: 'Kim' };
      for (const decide of [running.approve.bind(running), running.deny.bind(running)]) {
        await expect(decide(other)).rejects.toMatchObject({
          code: 'PLAN_OUTDATED',
          message: expect.stringContaining(held.planId),
        });
      }
      const late = { ...envelope(exportId), notAfter: Date.now() - 1 };
      for (const update of [approveUpdate, denyUpdate]) {
        await expect(handle().executeUpdate(update, { args: [decision(held), late] })).rejects.toMatchObject({
          cause: { type: 'REQUEST_EXPIRED' },
        });
        await expect(
          handle().executeUpdate(update, { args: [{ planId: held.planId } as Approval, envelope(exportId)] }),
        ).rejects.toMatchObject({ cause: { type: 'INPUT_INVALID' } });
      }
      expect(await progress()).toMatchObject({ phase: 'held' });

      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      await running.approve(decision(held));
      expect(await running.approve({ ...decision(held), by: 'Lee' })).toMatchObject({
        disposition: 'approved',
        exportId,
      });
      await expect(running.deny(decision(held))).rejects.toMatchObject({
        code: 'EXPORT_NOT_HELD',
      });
      stage.sandbox.control.set({ batchPolls: 0 });
      expect(await stage.follow(exportId)).toMatchObject({ approval: { by: 'Kim' } });
      expect(await running.approve(decision(held))).toMatchObject({ disposition: 'approved', exportId });
      for (const decide of [running.approve(other), running.deny(decision(held))])
        await expect(decide).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    });
  });

  test('that is not held takes no decision', async () => {
    // More than the first few, which are sent alone: the others wait for their batch.
    const people = Array.from({ length: 20 }, (_, index) => person(index + 1));
    await stage.writeProfiles(people);
    await stage.writeMembers(people.map(({ id }) => [id, 'vip']));
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      stage.sandbox.control.set({ batchPolls: 1_000_000 });
      await stage.client.start(stage.destinationId);
      await until(async () => (await progress())?.batches === 1);
      await expect((await stage.running()).approve({ planId: 'p', by: 'Kim' })).rejects.toMatchObject({
        code: 'EXPORT_NOT_HELD',
      });
    });
  });

  test('is planned again when the audience has changed until the approval', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const { exportId, held } = await startHeld();
      const tagId = await tagIdOf(stage.sandbox, AUDIENCE, 'North');
      await callMailchimp(stage.sandbox, `PATCH /lists/${AUDIENCE}/segments/${tagId}`, { name: 'Nord' });
      await (await stage.running()).approve(decision(held));
      const report = await stage.follow(exportId);
      expect(report).toMatchObject({ number: 3, status: 'completed', outcomes: { removed: 2 } });
      const [, before] = (await stage.client.describe(stage.destinationId)).exports;
      expect(before).toMatchObject({ exportId, status: 'replanned', next: { number: 3 } });
      expect(report).toMatchObject({ approval: { planId: held.planId, by: 'Kim' } });
    });
  });
});
