import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openDatabase } from '../src/duckdb/open';
import { FAST_ROWS } from '../src/duckdb/parquet';
import { quoteText } from '../src/duckdb/quote';
import type { FieldMatch } from '../src/contract/merge-field';
import type { Staging } from '../src/ports/staging';
import { FolderStore, openStaging } from '../src/staging';
import { watchMemory } from './watch';

/** The default of the configuration. */
const MEMORY = '256MB';
const DESTINATION = 'bench';

interface Width {
  readonly rows: number;
  readonly fields: number;
  readonly bytes: number;
}

const WIDTHS: readonly Width[] = [
  { rows: 12_000, fields: 30, bytes: 100 },
  { rows: 10_500, fields: 20, bytes: 255 },
  { rows: 100_000, fields: 80, bytes: 255 },
  { rows: 1_000_000, fields: 30, bytes: 255 },
];

const AGES = [0, 1_000, 10_000] as const;

type Say = (line: string) => void;

async function withStaging<Result>(
  work: (staging: Staging, folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'scale-'));
  try {
    const staging = await openStaging({ store: new FolderStore(join(folder, 'store')), memoryLimit: MEMORY });
    try {
      return await work(staging, folder);
    } finally {
      await staging.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Plans, reads and settles profiles of some widths, at the default memory limit: seconds of each, and the peak of this process's memory. */
export async function measureWidths(say: Say): Promise<void> {
  for (const width of WIDTHS)
    await withStaging(async (staging, folder) => {
      const memory = watchMemory(process.pid);
      try {
        await measureWidth(staging, { ...width, folder, memory, say });
      } finally {
        await memory.stop();
      }
    });
}

interface Measuring extends Width {
  readonly folder: string;
  readonly memory: ReturnType<typeof watchMemory>;
  readonly say: Say;
}

async function measureWidth(staging: Staging, measuring: Measuring): Promise<void> {
  const { rows, fields, bytes, memory, say } = measuring;
  const since = Date.now();
  const took = await exportOnce(staging, { ...measuring, number: 1 });
  say(
    `${rows} x ${fields} x ${bytes} bytes: planned in ${seconds(took.plan)}, read in ${seconds(took.read)}, ` +
      `settled in ${seconds(took.settle)}; ${took.chunks} chunks, ${took.parts} parts; ` +
      `peak ${Math.round(memory.peak(since, Date.now()) / 1e6)} MB`,
  );
}

interface Exporting extends Width {
  readonly folder: string;
  readonly number: number;
}

/** An export without Mailchimp, of profiles that are new. Returns the milliseconds of its steps. */
async function exportOnce(staging: Staging, exporting: Exporting) {
  const { rows, fields, number } = exporting;
  const one = ref(number);
  const into = await staging.openExtractFolder(one);
  await writeProfiles(into, exporting);
  const started = performance.now();
  await staging.claim(one);
  await staging.sealSnapshot(one, {
    folder: into,
    profiles: rows,
    selected: rows,
    members: [rows],
    unmatched: [],
    unreadable: [],
  });
  await staging.sealCensus(one, { scope: 'optOuts', baseline: null });
  const { chunks, parts } = await staging.plan(one, {
    email: 'email',
    fields: Array.from({ length: fields }, (_, index) => fieldOf(index)),
    segments: [{ segment: 'all', tag: 'All', tagId: 1 }],
    baseline: null,
    census: null,
    statusIfNew: 'subscribed',
    keepDeparted: false,
    strict: false,
    optedOut: 'update',
    latest: null,
  });
  const planned = performance.now();
  let read = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const changes = await staging.readChunk(one, chunk);
    if (changes.kind === 'upsert') read += changes.rows.length;
  }
  if (read !== rows) throw new Error(`${read} of ${rows} rows were read`);
  const done = performance.now();
  await staging.settle(one, null);
  const settle = performance.now() - done;
  return { plan: planned - started, read: done - planned, settle, chunks, parts: parts.length };
}

async function writeProfiles(into: string, { rows, fields, bytes, folder }: Exporting): Promise<void> {
  const database = await openDatabase({ folder, memoryLimit: '1GB', allow: [into] });
  const values = Array.from(
    { length: fields },
    (_, index) => `rpad((range * 131 + ${index})::VARCHAR, ${bytes}, 'lorem ipsum ') AS a${index + 1}`,
  );
  await database.run(`
    COPY (SELECT 'k' || range AS key, '1' AS segments, 'p' || range || '@example.com' AS a0, ${values.join(', ')}
      FROM range(${rows})) TO ${quoteText(join(into, 'profiles.parquet'))} (${FAST_ROWS})`);
  await database.close();
}

function fieldOf(index: number): FieldMatch {
  return {
    attribute: `f${index}`,
    empty: 'clear',
    field: { tag: `F${index}`, name: `F${index}`, type: 'text', required: false, choices: [] },
  };
}

/** Claims, and checks the claim before a request, in a destination that has had some exports: milliseconds of each. */
export async function measureAges(say: Say): Promise<void> {
  for (const age of AGES) await withStaging((staging) => measureAge(staging, age, say));
  await withStaging((_, folder) => measureDestinations(folder, say));
}

const DESTINATIONS = 1_000;
const EXPORTS = 10;

/** Opens a store with many destinations, and looks through all of them for rows that are too old, as a worker does once a day. */
async function measureDestinations(folder: string, say: Say): Promise<void> {
  const root = join(folder, 'many');
  const open = () => openStaging({ store: new FolderStore(root), memoryLimit: MEMORY });
  const first = await open();
  for (let number = 1; number <= EXPORTS; number++)
    await exportOnce(first, { folder, number, rows: 100, fields: 1, bytes: 10 });
  await first.close();
  for (let copy = 1; copy < DESTINATIONS; copy++)
    await cp(join(root, 'destinations', DESTINATION), join(root, 'destinations', `d${copy}`), {
      recursive: true,
    });
  const started = performance.now();
  const staging = await open();
  const opened = performance.now();
  const expiring = staging.expireAll({ keepDays: 30, keepExports: 100 });
  const claiming = performance.now();
  await staging.claim(ref(EXPORTS + 1));
  const claimed = performance.now();
  await expiring;
  const expired = performance.now();
  await staging.close();
  say(
    `${DESTINATIONS} destinations with ${EXPORTS} exports each: opened in ${(opened - started).toFixed(1)} ms, looked through in ` +
      `${seconds(expired - opened)}, a claim at that time ${(claimed - claiming).toFixed(1)} ms`,
  );
}

const CHECKS = 1_000;

const ref = (number: number) => ({ destinationId: DESTINATION, exportId: `e${number}` });

async function measureAge(staging: Staging, age: number, say: Say): Promise<void> {
  for (let number = 1; number <= age; number++) await staging.claim(ref(number));
  const started = performance.now();
  await staging.claim(ref(age + 1));
  const claimed = performance.now();
  await staging.checkClaim(ref(age + 1));
  const first = performance.now();
  for (let check = 0; check < CHECKS; check++) await staging.checkClaim(ref(age + 1));
  const checked = performance.now();
  say(
    `${age} past exports: claim ${(claimed - started).toFixed(1)} ms, first check ${(first - claimed).toFixed(1)} ms, ` +
      `each later check ${((checked - first) / CHECKS).toFixed(3)} ms`,
  );
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
