import './in-process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { WorkerConfigSchema, type WorkerConfig } from '../../src/contract/config';
import { OUTCOMES } from '../../src/contract/outcome';
import { openResources, type Resources } from '../../src/worker/resources';
import { checkCases } from './check-cases';
import { SOURCE } from './scene';
import { openStepDriver } from './step-driver';

/** In each of them, about three exports. */
const RUNS = 100;

let folder: string;
let config: WorkerConfig;
let resources: Resources;

beforeAll(async () => {
  // Staging syncs each file: in memory, where there is such a folder.
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'model-'));
  const staging = { folder: join(folder, 'staging') };
  config = WorkerConfigSchema.parse({ staging, accounts: {}, sources: { people: SOURCE } });
  resources = await openResources(config, folder);
  // Only the date: all else takes its real time.
  jest.useFakeTimers({ doNotFake: NOT_FAKED, now: Date.UTC(2026, 10, 27) });
});

afterAll(async () => {
  jest.useRealTimers();
  await resources.close();
  await rm(folder, { recursive: true, force: true });
});

const NOT_FAKED = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'requestIdleCallback'] as const),
];

/** Waits of throttled addresses are still to come. */
const EXPECTED = OUTCOMES.filter((outcome) => outcome !== 'throttled');

test('step by step, audience, outcomes and baseline are those of the model', async () => {
  const seen = await checkCases(RUNS, (world, { switches }) =>
    openStepDriver({ world, switches, config, resources, folder }),
  );
  expect(EXPECTED.filter((outcome) => seen?.has(outcome) === false)).toEqual([]);
}, 900_000);
