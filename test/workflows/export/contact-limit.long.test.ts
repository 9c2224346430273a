import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { reasonIn } from '../../support/export-state';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

const PEOPLE = Array.from({ length: 30 }, (_, index) => person(index + 1));

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
});

afterEach(() => stage.close());

test.each(['batch', 'direct'] as const)(
  'an export that reaches the contact limit of the account stops, and goes on when it is raised: %s',
  async (lane) => {
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure({ segments: { vip: 'VIP' } });
      stage.sandbox.control.set({ switches: { contactLimit: 12 } });
      const { id } = await stage.client.start(stage.destinationId, { options: { lane } });
      const handle = stage.handle(id);
      const stopped = await until(async () => {
        const view = await handle.progress();
        return view && reasonIn(view, 'stopped');
      });
      expect(stopped).toMatchObject({
        code: 'PLAN_LIMIT',
        message: expect.stringContaining('You have reached the contact limit of your plan.'),
      });
      stage.sandbox.control.set({ switches: { contactLimit: 0 } });
      await handle.resume();
      expect(await stage.follow(id)).toMatchObject({ status: 'completed' });
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 30, tags: { VIP: 30 } });
      expect((await stage.export()).outcomes).toMatchObject({ unchanged: 30 });
    });
  },
);
