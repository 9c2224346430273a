import './in-process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, jest } from '@jest/globals';
import { WorkerConfigSchema, type WorkerConfig } from '../../src/config/config';
import { openResources, type Resources } from '../../src/plugin/resources';
import type { Case } from './arbitrary';
import type { Exporter } from './run-case';
import { SOURCE } from './scene';
import { openStepDriver } from './step-driver';
import type { World } from './world';

/** Everything but the date keeps its real time. */
const NOT_FAKED = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'requestIdleCallback'] as const),
];

/** What all cases of a test file share: one staging folder, one date that the tests move. @returns opens an exporter for a case */
export function useStepStage(): (world: World, given: Pick<Case, 'switches'>) => Promise<Exporter> {
  let folder: string;
  let config: WorkerConfig;
  let resources: Resources;

  beforeAll(async () => {
    // Staging syncs each file to disk, which is fast in memory.
    folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'model-'));
    const staging = { folder: join(folder, 'staging') };
    config = WorkerConfigSchema.parse({ staging, accounts: {}, sources: { people: SOURCE } });
    resources = await openResources(config, folder);
    jest.useFakeTimers({ doNotFake: NOT_FAKED, now: Date.UTC(2026, 10, 27) });
  });

  afterAll(async () => {
    jest.useRealTimers();
    await resources.close();
    await rm(folder, { recursive: true, force: true });
  });

  return (world, { switches }) => openStepDriver({ world, switches, config, resources, folder });
}
