import { describe, expect, test } from '@jest/globals';
import {
  FIRST,
  releaseBatches,
  stage,
  startHeldExport,
  submitted,
  untilRuns,
  writePeople,
} from './growing-history';

describe('an export whose history grows', () => {
  test('hands over again and again while one batch takes long, and submits it once', async () => {
    await writePeople(FIRST + 3);
    await stage.withWorker(
      async () => {
        const exportId = await startHeldExport();
        await untilRuns(3);
        releaseBatches();
        expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
        expect(submitted()).toBe(1);
      },
      { maxCachedWorkflows: 0 },
    );
  });
});
