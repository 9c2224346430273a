import { expect, test } from '@jest/globals';
import type { ExportError } from '../../src/errors';
import { openScene, startConfigured } from '../cli/scene';

const ASKING = 8;
const PLANS = 4;

test('a destination answers while it continues as new', async () => {
  const scene = await openScene();
  const stop = await startConfigured(scene);
  const failures: ExportError[] = [];
  const done = new AbortController();
  const ask = async (): Promise<void> => {
    while (!done.signal.aborted)
      await scene.client.describe(scene.destinationId).catch((error: ExportError) => failures.push(error));
  };
  const asking = Promise.all(Array.from({ length: ASKING }, ask));
  for (let plan = 0; plan < PLANS; plan += 1) {
    const started = await scene.client.plan(scene.destinationId, {});
    await started.result();
  }
  done.abort();
  await asking;
  // A worker without processor time may not answer within ten seconds.
  expect(failures.filter(({ code }) => code !== 'WORKER_NOT_RUNNING')).toEqual([]);
  await stop();
  await scene.close();
});
