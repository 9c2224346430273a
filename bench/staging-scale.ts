import { mkdtemp, rm } from 'node:fs/promises';
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
  const wide = ref(1);
  const into = await staging.openExtractFolder(wide);
  await writeProfiles(into, measuring);
  const since = Date.now();
  const started = performance.now();
  await staging.claim(wide);
  await staging.sealSnapshot(wide, {
    folder: into,
    profiles: rows,
    selected: rows,
    members: [rows],
    unmatched: [],
    unreadable: [],
  });
  await staging.sealCensus(wide, { scope: 'optOuts', baseline: null });
  const plan = await staging.plan(wide, {
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
  for (let number = 0; number < plan.chunks; number++) {
    const chunk = await staging.readChunk(wide, number);
    if (chunk.kind === 'upsert') read += chunk.rows.length;
  }
  const done = performance.now();
  await staging.settle(wide, null);
  const settled = performance.now();
  if (read !== rows) throw new Error(`${read} of ${rows} rows were read`);
  say(
    `${rows} x ${fields} x ${bytes} bytes: planned in ${seconds(planned - started)}, read in ${seconds(done - planned)}, ` +
      `settled in ${seconds(settled - done)}; ${plan.chunks} chunks, ${plan.parts.length} parts; ` +
      `peak ${Math.round(memory.peak(since, Date.now()) / 1e6)} MB`,
  );
}

async function writeProfiles(into: string, { rows, fields, bytes, folder }: Measuring): Promise<void> {
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
