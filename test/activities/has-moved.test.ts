import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CONFIGURE, person } from '../support/stage';
import { openMoving, type Moving } from './moving';

let moving: Moving;

beforeEach(async () => {
  moving = await openMoving();
});

afterEach(() => moving.close());

test('after a complete export, a destination has moved when a file or its settings have changed, and not before', () =>
  moving.withDestination(async () => {
    const { stage, isMoved } = moving;
    expect(await isMoved()).toBe(true);
    const report = await stage.export();
    expect(report).toMatchObject({ status: 'completed', outcomes: { created: 2 } });
    expect(report).not.toHaveProperty('version');
    expect(await isMoved()).toBe(false);

    expect((await stage.plan()).outcomes).toMatchObject({ unchanged: 2 });
    await stage.configure();
    expect(await isMoved()).toBe(false);

    const { FNAME, ...fewer } = CONFIGURE.fields ?? {};
    for (const change of [
      { fields: { ...fewer, FNAME: 'last' } },
      { fields: { ...fewer, ...(FNAME && { FNAME: { attribute: 'first', empty: 'keep' as const } }) } },
      { strict: true },
      { latest: 'country' },
      { optedOut: 'skip' as const },
      { email: ['email', 'country'] },
      { addOnlyIf: 'country' },
      { signup: { at: 'country' } },
      { language: { sql: 'lower(country)' } },
      { segments: { vip: 'VIP' } },
      { segments: { vip: 'Gold', north: 'North' } },
    ]) {
      await stage.configure(change);
      expect([change, await isMoved()]).toEqual([change, true]);
    }
    await stage.configure();
    await stage.connect({ statusIfNew: 'pending' });
    expect(await isMoved()).toBe(true);
    await stage.connect();
    // Its tag was not configured for a moment: the next export reads who carries it.
    await stage.configure();
    expect(await isMoved()).toBe(true);
    await stage.export();
    expect(await isMoved()).toBe(false);
    await stage.configure({
      fields: Object.fromEntries(Object.entries(CONFIGURE.fields ?? {}).toReversed()),
    });
    expect(await isMoved()).toBe(false);
    expect(await isMoved({ stale: { since: '', completedAt: '', afterHours: 26 } })).toBe(true);

    await stage.writeProfiles([person(1), person(2, { first: 'Bo' })]);
    expect(await isMoved()).toBe(true);
    expect((await stage.export()).outcomes).toMatchObject({ updated: 1, unchanged: 1 });
    expect(await isMoved()).toBe(false);

    // The export will say what is wrong.
    await rm(join(stage.folder, 'members.csv'));
    expect(await isMoved()).toBe(true);
    expect(await isMoved({ source: 'nowhere' })).toBe(true);
  }));
