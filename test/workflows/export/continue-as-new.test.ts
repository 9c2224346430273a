import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { reasonIn } from '../../support/export-state';
import { until } from '../../support/until';
import {
  FIRST,
  releaseBatches,
  runs,
  stage,
  startHeldExport,
  submitted,
  untilRuns,
  writePeople,
} from './growing-history';

const waiting = () => until(async () => reasonIn(await stage.progress(), 'waiting'));

describe('an export whose history grows', () => {
  test('hands a wait over to the next run, which waits for the same', async () => {
    await writePeople(FIRST + 3);
    const [staging, away] = [join(stage.folder, 'staging'), join(stage.folder, 'away')];
    await stage.withWorker(async () => {
      const exportId = await startHeldExport();
      await until(async () => (await stage.progress())?.batches === 1);
      await rename(staging, away);
      releaseBatches();
      // Its batch has finished, so that no poll makes the history longer.
      expect(await waiting()).toMatchObject({ code: 'STAGING_FAILED' });
      await untilRuns((await runs()).length + 1);
      expect(await waiting()).toMatchObject({ code: 'STAGING_FAILED' });
      await rename(away, staging);
      expect(await stage.follow(exportId)).toMatchObject({ status: 'completed', outcomes: { created: 8 } });
      expect(submitted()).toBe(1);
    });
  });
});
