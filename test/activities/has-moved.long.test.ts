import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AUDIENCE, CROWD, person } from '../support/stage';
import { until } from '../support/until';
import { openMoving, type Moving } from './moving';

let moving: Moving;

beforeEach(async () => {
  moving = await openMoving();
});

afterEach(() => moving.close());

test('what Mailchimp refused for good does not count, until it is lifted', () =>
  moving.withDestination(async () => {
    const { stage, isMoved, resources } = moving;
    await stage.writeProfiles([person(1), person(2, { email: 'two@example.com' })]);
    expect((await stage.export()).outcomes).toMatchObject({ created: 1, rejected: 1 });
    expect(await isMoved()).toBe(false);
    expect(await resources.staging.liftRefusals(await moving.ref(), {})).toBe(1);
    expect(await isMoved()).toBe(true);
    expect((await stage.export()).outcomes).toMatchObject({ unchanged: 1, rejected: 1 });
    expect(await isMoved()).toBe(false);
  }));

test('a destination has moved where a later export would send something again, or an export has not said all', () =>
  moving.withDestination(async () => {
    const { stage, isMoved, writeMembers } = moving;
    const { email, id } = person(2);
    stage.sandbox.control.act({ audience: AUDIENCE, email, action: 'throttle' });
    expect((await stage.export()).outcomes).toMatchObject({ created: 1, throttled: 1 });
    expect(await isMoved()).toBe(true);

    await writeMembers(['000001']);
    expect((await stage.export()).outcomes).toMatchObject({ unchanged: 1 });
    expect(await isMoved()).toBe(false);

    await stage.writeProfiles([person(1), person(2), person(3), person(4)]);
    await writeMembers(['000001', '000003', '000004']);
    expect((await stage.export({ limit: 1 })).outcomes).toMatchObject({ created: 1, not_sent: 1 });
    expect(await isMoved()).toBe(true);
    await stage.export();
    expect(await isMoved()).toBe(false);

    await writeFile(join(stage.folder, 'members.csv'), `id,segment\n000001,vip\n000003\n${id},vip\n`);
    const report = await stage.export({ allowUnreadableLines: true });
    expect(report).toMatchObject({ status: 'completed', outcomes: { not_sent: 0 } });
    expect(await isMoved()).toBe(true);
  }));

test('a write that may come late counts, and so does an export that was cancelled half-way', () =>
  moving.withDestination(async () => {
    const { stage, isMoved, resources, show, writeMembers } = moving;
    await stage.export();
    expect(await isMoved()).toBe(false);
    const write = { part: 0, attempt: 1, lane: 'direct' as const };
    await resources.staging.openWrite(await moving.ref(), write);
    expect(await isMoved()).toBe(true);
    await resources.staging.endWrite(await moving.ref(), write);
    expect(await isMoved()).toBe(false);
    // As in a store that was replaced: the export says so.
    const { baseline } = await show();
    expect(await isMoved({ baseline: { ...baseline!, exportId: randomUUID() } })).toBe(true);

    await stage.writeProfiles(CROWD);
    await writeMembers(CROWD.map(({ id }) => id));
    stage.sandbox.control.set({ batchPolls: 1_000_000 });
    const { id } = await stage.client.start(stage.destinationId);
    await until(async () => (await stage.progress())?.batches === 1);
    await stage.handle(id).cancel();
    expect(await stage.follow(id)).toMatchObject({ status: 'cancelled', isSettled: true });
    expect((await show()).baseline).not.toHaveProperty('version');
    expect(await isMoved()).toBe(true);
  }));
