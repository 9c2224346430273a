import { describe, expect, test } from '@jest/globals';
import { CASES, change, comparePlans, numbers, stage, writeProfiles } from './plan-agrees';

describe('a plan has the numbers of the export that follows, when this has happened since the last one:', () => {
  comparePlans(CASES);

  // No listing names it, so only Mailchimp's refusal shows that it is gone.
  test('except that a deleted member changes: it is planned as an update once, and refused', async () => {
    change(6, { first: 'Finn' });
    await writeProfiles();
    await stage.withWorker(async () => {
      expect((await stage.plan()).outcomes).toMatchObject({ updated: 1, suppressed: 1 });
      const exported = await stage.export();
      expect(exported.outcomes).toMatchObject({ updated: 0, suppressed: 2 });
      expect(exported.refusals).toContainEqual(expect.objectContaining({ class: 'forgotten', count: 1 }));
      const planned = await stage.plan();
      expect(numbers(planned)).toEqual(numbers(await stage.export()));
    });
  });
});
