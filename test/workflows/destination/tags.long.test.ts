import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { callMailchimp, tagIdOf } from '../../support/mailchimp';
import { AUDIENCE, openStage, person, type Stage, reportOf } from '../../support/stage';
import { heldIn } from '../../support/export-state';
import { until } from '../../support/until';

describe('a tag', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
    await stage.writeProfiles([1, 2, 3, 4].map((number) => person(number)));
    await stage.writeMembers([
      ['000001', 'vip'],
      ['000002', 'vip'],
      ['000003', 'north'],
    ]);
  });

  afterEach(async () => {
    await stage.close();
  });

  const tags = () => stage.sandbox.state(AUDIENCE).tags;
  const configured = async () => {
    const { configuration } = await stage.client.describe(stage.destinationId);
    return configuration?.segments.map(({ tag, tagId, knownAs }) => ({ tag, tagId, knownAs }));
  };
  const writes = () => {
    const all = stage.sandbox.requests().filter(({ method, via }) => method !== 'GET' && via === 'http');
    return Object.fromEntries(all.map(({ method, route, count }) => [`${method} ${route}`, count]));
  };
  const inMailchimp = (request: string, body?: unknown) =>
    callMailchimp(stage.sandbox, request.replace('LIST', `/lists/${AUDIENCE}`), body);
  const exportFirst = async () => {
    await stage.connect();
    await stage.configure();
    expect(await stage.export()).toMatchObject({ status: 'completed' });
  };

  test('that is renamed in the configuration is renamed once, and its members stay', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const before = writes();
      const vip = await tagIdOf(stage.sandbox, AUDIENCE, 'VIP');
      await stage.configure({ segments: { vip: 'Gold', north: 'North' } });
      expect(await stage.plan()).toMatchObject({
        guards: [],
        outcomes: { unchanged: 3 },
      });
      expect(tags()).toEqual({ VIP: 2, North: 1 });

      expect(await stage.export()).toMatchObject({
        outcomes: { unchanged: 3 },
        segments: [{ name: 'Gold', tagId: vip, tagged: 0, untagged: 0 }, { name: 'North' }],
      });
      expect(tags()).toEqual({ Gold: 2, North: 1 });
      expect(writes()).toEqual({ ...before, 'PATCH /lists/{list_id}/segments/{segment_id}': 1 });
      expect((await configured())?.[0]).toEqual({ tag: 'Gold', tagId: vip, knownAs: 'Gold' });

      await stage.export();
      expect(writes()['PATCH /lists/{list_id}/segments/{segment_id}']).toBe(1);
    });
  });

  test('that is renamed in Mailchimp is followed, and the configuration shows its name', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      const vip = await tagIdOf(stage.sandbox, AUDIENCE, 'VIP');
      await inMailchimp(`PATCH LIST/segments/${vip}`, { name: 'Our best' });
      await stage.writeMembers([
        ['000001', 'vip'],
        ['000002', 'vip'],
        ['000004', 'vip'],
        ['000003', 'north'],
      ]);
      expect(await stage.export()).toMatchObject({
        outcomes: { created: 1, unchanged: 3 },
        segments: [{ name: 'Our best', tagId: vip, tagged: 1 }, { name: 'North' }],
      });
      expect(tags()).toEqual({ 'Our best': 3, North: 1 });
      expect((await configured())?.[0]).toEqual({ tag: 'Our best', tagId: vip, knownAs: 'Our best' });
      expect(writes()['PATCH /lists/{list_id}/segments/{segment_id}']).toBe(1);
    });
  });

  test('that was deleted in Mailchimp holds the export, again after a denial, until its contacts may be tagged again', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      await inMailchimp(`DELETE LIST/segments/${await tagIdOf(stage.sandbox, AUDIENCE, 'VIP')}`);
      const expected = {
        code: 'TAG_RESTORED',
        segment: 'vip',
        number: 2,
        limit: 0,
        message:
          'The tag "VIP" was deleted in Mailchimp: it would be created again, and 2 contacts would be tagged again.',
      };
      for (const decide of ['deny', 'approve'] as const) {
        const handle = await stage.client.start(stage.destinationId);
        const held = await until(async () => heldIn(await handle.progress()));
        expect(held.guards).toEqual([expected]);
        await handle[decide]({ planId: held.planId, by: 'Kim' });
        expect(await reportOf(handle)).toMatchObject({
          status: decide === 'deny' ? 'denied' : 'completed',
        });
        expect(tags()).toEqual({ North: 1, VIP: decide === 'deny' ? 0 : 2 });
      }
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { unchanged: 3 } });
    });
  });

  test('that was deleted is made again without asking where the switch allows it', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      await inMailchimp(`DELETE LIST/segments/${await tagIdOf(stage.sandbox, AUDIENCE, 'VIP')}`);
      expect(await stage.export({ allowRestoredTags: true })).toMatchObject({ status: 'completed' });
      expect(tags()).toEqual({ North: 1, VIP: 2 });
    });
  });

  test('belongs to another tool if it appeared after configuring and members carry it; empty, it may be taken', async () => {
    const other = { email_address: 'other@mail.chinook.org', status: 'subscribed', tags: ['vip'] };
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      await inMailchimp('POST LIST/members', other);
      await inMailchimp('POST LIST/segments', { name: 'North', static_segment: [] });
      expect(await stage.export()).toMatchObject({ status: 'failed', failure: { code: 'TAG_TAKEN' } });
      expect(stage.sandbox.state(AUDIENCE).members).toBe(1);

      await stage.configure({ adoptTags: true });
      expect(await stage.export()).toMatchObject({ status: 'completed', outcomes: { created: 3 } });
      expect(tags()).toEqual({ vip: 3, North: 1 });
      // Who carried it before is not ours to untag.
      await stage.writeMembers([['000003', 'north']]);
      expect(await stage.export({ allowMassRemoval: true })).toMatchObject({ outcomes: { removed: 2 } });
      expect(tags()).toEqual({ vip: 1, North: 1 });
    });
  });

  test('that is adopted after the first export stays with the members that carried it before', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure({ segments: { north: 'North' } });
      await stage.export();
      const act = { audience: AUDIENCE, email: person(1).email };
      stage.sandbox.control.act({ ...act, action: 'subscribe' });
      stage.sandbox.control.act({ ...act, action: 'tag', tag: 'VIP' });
      await stage.configure({ segments: { vip: 'VIP', north: 'North' }, adoptTags: true });
      expect((await stage.export()).outcomes).toMatchObject({ updated: 1, created: 1 });
      expect(tags()).toEqual({ VIP: 2, North: 1 });

      await stage.writeMembers([['000003', 'north']]);
      expect(await stage.export({ allowMassRemoval: true })).toMatchObject({
        outcomes: { removed: 2, unchanged: 1 },
      });
      expect(tags()).toEqual({ VIP: 1, North: 1 });
    });
  });

  test('that appeared after configuring, and that only archived members carry, stays with them as well', async () => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure({ segments: { north: 'North' } });
      await stage.export();
      await stage.configure();
      const act = { audience: AUDIENCE, email: person(1).email };
      for (const action of ['subscribe', 'tag', 'archive'] as const)
        stage.sandbox.control.act({ ...act, action, ...(action === 'tag' && { tag: 'VIP' }) });
      expect((await stage.export()).outcomes).toMatchObject({ suppressed: 1, created: 1 });

      stage.sandbox.control.act({ ...act, action: 'subscribe' });
      expect(await stage.export()).toMatchObject({ status: 'completed' });
      expect(tags()).toEqual({ VIP: 2, North: 1 });
      await stage.writeMembers([['000003', 'north']]);
      expect(await stage.export({ allowMassRemoval: true })).toMatchObject({ outcomes: { removed: 2 } });
      expect(tags()).toEqual({ VIP: 1, North: 1 });
    });
  });

  test('is not renamed to what another tag is called, neither at configure nor at the export', async () => {
    await stage.withWorker(async () => {
      await exportFirst();
      await inMailchimp('POST LIST/segments', { name: 'Gold', static_segment: [] });
      const toGold = { segments: { vip: 'gold', north: 'North' } };
      await expect(stage.configure(toGold)).rejects.toMatchObject({ code: 'TAG_TAKEN' });
      await expect(stage.configure({ segments: { vip: 'North', north: 'VIP' } })).rejects.toMatchObject({
        code: 'TAG_TAKEN',
        message: expect.stringContaining('belongs to the segment north of this destination'),
      });
      await stage.configure({ segments: { vip: 'Silver', north: 'North' } });
      await inMailchimp('POST LIST/segments', { name: 'Silver', static_segment: [] });
      expect(await stage.export()).toMatchObject({ status: 'failed', failure: { code: 'TAG_TAKEN' } });
      expect(tags()).toEqual({ VIP: 2, North: 1, Gold: 0, Silver: 0 });
    });
  });
});
