import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../../support/until';
import { inShort, openRefreshing, type Refreshing } from './refreshing';

let world: Refreshing;

beforeEach(async () => {
  world = await openRefreshing(3);
});

afterEach(async () => {
  await world.close();
});

const listed = () =>
  until(
    async () =>
      (await world.stage.client.list()).filter(({ destinationId }) => world.names.includes(destinationId))
        .length === 3,
  );

test('a refresh exports all destinations and reports the counts; the next one has nothing to send', async () => {
  const { stage, names } = world;
  await stage.withWorker(async () => {
    await world.prepare();
    await listed();
    const report = await world.refresh();
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
    expect(inShort(await world.refresh())).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });
});
