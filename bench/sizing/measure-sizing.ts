import { performance } from 'node:perf_hooks';
import { startS3 } from '../../test/support/object-stores';
import { changeOneOfAHundred } from '../change-profiles';
import { thisMachine } from '../machine';
import { watchMemory } from '../watch';
import { countRequests, type StoreRequests } from './count-requests';
import { openSetting } from './setting';

/** What one worker takes with exports at once, and what exports ask of an object store. */
export interface SizingFigures {
  readonly machine: ReturnType<typeof thisMachine>;
  /** Date. */
  readonly at: string;
  readonly seconds: number;
  readonly workers: readonly WorkerFigures[];
  readonly stores: readonly StoreFigures[];
}

/** First exports that run at the same time in one worker. */
interface WorkerFigures {
  readonly profiles: number;
  readonly exports: number;
  /** Of the worker process, in bytes. */
  readonly peakRss: number;
}

/** One export with staging in S3. */
interface StoreFigures {
  readonly profiles: number;
  readonly what: 'first' | 'no change' | '1 % changed';
  readonly requests: StoreRequests;
}

const WORKERS: readonly (readonly [profiles: number, exports: number])[] = [
  [10_000, 1],
  [10_000, 4],
  [10_000, 16],
  [100_000, 1],
  [100_000, 4],
  [100_000, 16],
  [1_000_000, 1],
  [1_000_000, 4],
];
const STORES = [1_000, 10_000, 100_000, 1_000_000] as const;

interface Sizing {
  readonly temporalBinary: string;
  /** Larger ones are left out. */
  readonly most: number;
}

export async function measureSizing(
  { temporalBinary, most }: Sizing,
  say: (line: string) => void,
): Promise<SizingFigures> {
  const start = performance.now();
  const stores: StoreFigures[] = [];
  for (const profiles of STORES.filter((size) => size <= most)) {
    stores.push(...(await measureStore(temporalBinary, profiles)));
    say(JSON.stringify(stores.slice(-3)));
  }
  const workers: WorkerFigures[] = [];
  for (const [profiles, exports] of WORKERS.filter(([size]) => size <= most)) {
    workers.push(await measureWorker(temporalBinary, profiles, exports));
    say(JSON.stringify(workers.at(-1)));
  }
  return {
    machine: thisMachine(),
    at: new Date().toISOString().slice(0, 10),
    seconds: (performance.now() - start) / 1000,
    workers,
    stores,
  };
}

async function measureWorker(
  temporalBinary: string,
  profiles: number,
  exports: number,
): Promise<WorkerFigures> {
  const setting = await openSetting({ temporalBinary, profiles, destinations: exports });
  const memory = watchMemory(setting.workerPid);
  try {
    await setting.exportAll();
    await memory.stop();
    return { profiles, exports, peakRss: memory.peak() };
  } finally {
    await memory.stop();
    await setting.close();
  }
}

async function measureStore(temporalBinary: string, profiles: number): Promise<StoreFigures[]> {
  const server = await startS3();
  const counting = await countRequests(server.url);
  try {
    const staging = server.at(counting.url).staging('staging');
    const setting = await openSetting({ temporalBinary, profiles, destinations: 1, staging });
    try {
      const measure = async (what: StoreFigures['what']): Promise<StoreFigures> => {
        counting.restart();
        await setting.exportAll();
        return { profiles, what, requests: counting.counted() };
      };
      const first = await measure('first');
      const unchanged = await measure('no change');
      await changeOneOfAHundred(setting);
      return [first, unchanged, await measure('1 % changed')];
    } finally {
      await setting.close();
    }
  } finally {
    await counting.close();
    await server.close();
  }
}
