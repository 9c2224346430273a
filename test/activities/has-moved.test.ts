import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hasMoved } from '../../src/activities/has-moved';
import { WorkerConfigSchema } from '../../src/config/config';
import type { DestinationView } from '../../src/contract/destination-view';
import { openResources, type Resources } from '../../src/plugin/resources';
import { CONFIGURE, openStage, person, type Stage } from '../support/stage';

let stage: Stage;
let resources: Resources;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles([person(1), person(2)]);
  await writeMembers(['000001', '000002']);
  resources = await openResources(WorkerConfigSchema.parse(stage.config), stage.folder);
});

afterEach(async () => {
  await resources.close();
  await stage.close();
});

const writeMembers = (ids: readonly string[]) => stage.writeMembers(ids.map((id) => [id, 'vip']));

const show = () => stage.client.describe(stage.destinationId);

async function isMoved(change: Partial<DestinationView> = {}): Promise<boolean> {
  return hasMoved(resources, { ...(await show()), ...change });
}

/** A worker, and a destination that is connected and configured. */
function withDestination(work: () => Promise<void>): Promise<void> {
  return stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await work();
  });
}

test('after a complete export, a destination has moved when a file or its settings have changed, and not before', () =>
  withDestination(async () => {
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
    await stage.configure({
      fields: Object.fromEntries(Object.entries(CONFIGURE.fields ?? {}).toReversed()),
    });
    expect(await isMoved()).toBe(false);
    expect(await isMoved({ stale: { since: '', completedAt: '', afterHours: 26 } })).toBe(true);

    await stage.writeProfiles([person(1), person(2, { first: 'Bo' })]);
    expect(await isMoved()).toBe(true);
    expect((await stage.export()).outcomes).toMatchObject({ updated: 1, unchanged: 1 });
    expect(await isMoved()).toBe(false);
  }));
