import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inShort, lineOf, openRefreshing, type Refreshing } from './refreshing';

let world: Refreshing;

beforeEach(async () => {
  world = await openRefreshing(2);
});

afterEach(async () => {
  await world.close();
});

test('a refresh exports its destinations, one after the other if asked to, and the next one has nothing to send', async () => {
  const { stage, names } = world;
  await stage.withWorker(async () => {
    await world.prepare();
    await world.untilListed();
    const report = await world.refresh({ atOnce: 1 });
    expect(report).toMatchObject({
      destinations: names.map((destinationId) => ({
        destinationId,
        result: 'exported',
        number: 1,
        outcomes: { created: 2 },
      })),
      left: 0,
    });
    for (const name of names) expect(stage.sandbox.state(world.audienceOf(name)).members).toBe(2);
    expect(await world.mostAtOnce()).toBe(1);
    // By signal: the first check is after a minute.
    expect(report.durationMs).toBeLessThan(60_000);
    expect(inShort(await world.refresh())).toEqual(['unchanged', 'unchanged']);
  });
});

test('a refresh says why it skips a destination, and completes', async () => {
  const { stage, names } = world;
  const [unconfigured = '', removed = ''] = names;
  await stage.withWorker(async () => {
    await world.connect(unconfigured);
    await world.connect(removed);
    await stage.client.remove(removed, { removedBy: 'tester' });
    const unknown = `${stage.destinationId}-unknown`;
    const report = await world.refresh({ targets: { destinations: [unknown, removed, unconfigured] } });
    expect(report.destinations).toEqual([
      { destinationId: unconfigured, result: 'skipped', skipped: 'not_configured' },
      { destinationId: removed, result: 'skipped', skipped: 'removed' },
      { destinationId: unknown, result: 'skipped', skipped: 'not_found' },
    ]);
    expect(await world.refresh({ targets: { labels: ['none'] } })).toMatchObject({ destinations: [] });
    expect(lineOf(report, removed)).not.toHaveProperty('exportId');
    await stage.client.withdrawConsent(unconfigured, { withdrawnBy: 'tester' });
    const later = await world.refresh({ targets: { destinations: [unconfigured] } });
    expect(later.destinations).toEqual([
      { destinationId: unconfigured, result: 'skipped', skipped: 'consent_withdrawn' },
    ]);
  });
});
