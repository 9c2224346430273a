import './in-process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { WorkerConfigSchema, type WorkerConfig } from '../../src/config/config';
import { OUTCOMES } from '../../src/contract/outcome';
import { openResources, type Resources } from '../../src/plugin/resources';
import { DEFAULT_SWITCHES } from '../../src/sandbox';
import { checkCases } from './check-cases';
import { allEnds, OTHER_ENDS, UNUSABLE } from './conditions';
import { runCase, runFirstExport } from './run-case';
import { SOURCE } from './scene';
import { withoutOptOut, type Case } from './arbitrary';
import type { World } from './world';
import { openStepDriver } from './step-driver';

/** In each of them, about three exports. */
const RUNS = 200;

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

const UNUSABLE_RUNS = 10;

/** No questions: they say what an account is like. */
const OF_AN_ACCOUNT: readonly string[] = [
  'tagNameMax',
  'contactLimit',
  'batchOperationsMax',
  'role',
  'premium',
  'keysRevoked',
  'accountDisabled',
];

const open = (world: World, { switches }: Pick<Case, 'switches'>) =>
  openStepDriver({ world, switches, config, resources, folder });

test('step by step, audience, outcomes and baseline are those of the model', async () => {
  const seen = await checkCases(RUNS, (given) => runCase(given, open));
  expect([...OUTCOMES, ...allEnds()].filter((what) => !seen.has(what))).toEqual([]);
}, 900_000);

test('knows every open question about Mailchimp', () => {
  const names = [...OTHER_ENDS, ...UNUSABLE].flatMap((ends) => Object.keys(ends));
  expect(Object.keys(DEFAULT_SWITCHES).filter((name) => !names.includes(name))).toEqual(OF_AN_ACCOUNT);
});

test.each(UNUSABLE)(
  'where Mailchimp has %j, nobody but the first few is changed',
  async (switches) => {
    const seen = await checkCases(UNUSABLE_RUNS, async (given) => {
      const people = given.people.map((seed) => withoutOptOut(seed));
      return runFirstExport({ ...given, people, switches }, open);
    });
    expect(seen.get('PROVIDER_DIFFERS')).toBeGreaterThan(0);
  },
  300_000,
);
