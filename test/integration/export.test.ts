import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AUDIENCE, openStage, person, type Stage } from '../support/stage';

describe('an export from files to an audience', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await openStage();
  });

  afterEach(async () => {
    await stage.close();
  });

  test('creates every profile, then sends nothing, then sends exactly what changed', async () => {
    const people = [1, 2, 3, 4, 5].map((number) => person(number));
    await stage.writeProfiles(people);
    await stage.writeMembers([
      ['000001', 'vip'],
      ['000002', 'vip'],
      ['000002', 'north'],
      ['000003', 'north'],
      ['000004', 'north'],
    ]);

    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();

      const first = await stage.export();
      expect(first).toMatchObject({ status: 'completed', selected: 4, departed: 0 });
      expect(first.outcomes).toMatchObject({ created: 4, updated: 0, unchanged: 0, removed: 0 });
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 4, tags: { VIP: 2, North: 3 } });

      const second = await stage.export();
      expect(second.outcomes).toMatchObject({ created: 0, updated: 0, unchanged: 4, removed: 0 });
      expect(second.tally?.batches).toBe(0);

      await stage.writeProfiles([person(1, { last: 'Newname' }), person(2), person(3), person(5)]);
      await stage.writeMembers([
        ['000001', 'vip'],
        ['000002', 'north'],
        ['000003', 'north'],
        ['000005', 'vip'],
      ]);
      const third = await stage.export();
      expect(third).toMatchObject({ selected: 4, departed: 1 });
      expect(third.outcomes).toMatchObject({ created: 1, updated: 2, unchanged: 1, removed: 1 });
      expect(stage.sandbox.state(AUDIENCE)).toMatchObject({ members: 5, tags: { VIP: 2, North: 2 } });
    });
  });
});
