import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
});

afterEach(async () => {
  await stage.close();
});

test('a schedule exports its destination again, and shows what became of it', async () => {
  const { client, destinationId } = stage;
  const name = `s-${destinationId}`;
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    await client.schedule.create(name, { targets: { destinations: [destinationId] }, every: '7d' });
    expect(await client.schedule.trigger(name)).toMatchObject({ result: 'started' });
    const [run] = await until(async () => {
      const { runs } = await client.schedule.show(name);
      return runs[0]?.status === 'completed' && runs;
    });
    expect(run!.report).toMatchObject({ destinations: [{ destinationId, result: 'exported', number: 1 }] });
    // A removed destination leaves the schedule, which has no other.
    await client.remove(destinationId, { removedBy: 'Kim' });
    await until(async () => !(await client.schedule.list()).some((listed) => listed.name === name));
  });
});
