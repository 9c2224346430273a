import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Chunk, ExportPlan } from '../../../src/contract/plan';
import { openDatabase } from '../../../src/duckdb/open';
import { FAST_ROWS } from '../../../src/duckdb/parquet';
import { quoteText } from '../../../src/duckdb/quote';
import { FolderStore, openStaging } from '../../../src/staging';
import { DESTINATION, match, stageOf } from '../stage';

/** The default of the configuration. */
const MEMORY = '256MB';
const REF = { destinationId: DESTINATION, exportId: 'wide' };

interface Wide {
  readonly rows: number;
  readonly fields: number;
  readonly bytes: number;
  /** SQL for the first field. Default: as the others. */
  readonly first?: string;
  readonly memoryLimit?: string;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wide-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a snapshot as a source does. */
async function writeProfiles(into: string, { rows, fields, bytes, first }: Wide): Promise<void> {
  const database = await openDatabase({ folder, memoryLimit: '1GB', threads: 1, allow: [into] });
  const values = Array.from(
    { length: fields },
    (_, index) => `rpad((range * 131 + ${index})::VARCHAR, ${bytes}, 'Zürich, "quoted" ')`,
  );
  if (first !== undefined) values[0] = first;
  await database.run(`
    COPY (SELECT 'k' || range AS key, '1' AS segments, 'p' || range || '@example.com' AS a0,
      ${values.map((value, index) => `${value} AS a${index + 1}`).join(', ')} FROM range(${rows}))
    TO ${quoteText(join(into, 'profiles.parquet'))} (${FAST_ROWS})`);
  await database.close();
}

interface Read {
  readonly plan: ExportPlan;
  /** Numbers of rows by chunk. */
  readonly rows: readonly number[];
  readonly addresses: ReadonlySet<string>;
  /** The fields of some row. */
  readonly some: Readonly<Record<string, string>>;
}

async function planAndRead(wide: Wide): Promise<Read> {
  const { rows, fields, memoryLimit = MEMORY } = wide;
  const store = new FolderStore(join(folder, 'store'));
  const staging = await openStaging({ store, memoryLimit });
  const matches = Array.from({ length: fields }, (_, index) => match(`f${index}`, `F${index}`));
  try {
    const into = await staging.openExtractFolder(REF);
    await writeProfiles(into, wide);
    const counts = { profiles: rows, selected: rows, members: [rows, 0], unmatched: [], unreadable: [] };
    await staging.sealSnapshot(REF, { folder: into, ...counts });
    const plan = await stageOf(staging, store.workFolder).plan(REF, { fields: matches });
    const chunks: Chunk[] = [];
    const addresses = new Set<string>();
    for (let number = 0; number < plan.chunks; number++) {
      const chunk = await staging.readChunk(REF, number);
      if (chunk.kind === 'upsert') for (const { email } of chunk.rows) addresses.add(email);
      chunks.push(chunk.kind === 'upsert' ? { ...chunk, rows: chunk.rows.slice(0, 1) } : chunk);
    }
    const some = chunks.flatMap((chunk) => (chunk.kind === 'upsert' ? chunk.rows : []))[1];
    return {
      plan,
      rows: plan.parts.map((part) => part.rows),
      addresses,
      some: JSON.parse(some?.fields ?? '{}') as Record<string, string>,
    };
  } finally {
    await staging.close();
  }
}

test.each([
  { rows: 12_000, fields: 30, bytes: 100, memoryLimit: MEMORY },
  { rows: 10_500, fields: 20, bytes: 255, memoryLimit: MEMORY },
  { rows: 5_000, fields: 80, bytes: 255, memoryLimit: MEMORY },
])(
  '$rows profiles with $fields texts of $bytes bytes are planned and read with $memoryLimit',
  async (wide) => {
    const { addresses, some } = await planAndRead(wide);
    expect(addresses.size).toBe(wide.rows);
    expect(Object.keys(some)).toHaveLength(wide.fields);
    expect(Buffer.byteLength(some['F1'] ?? '')).toBeGreaterThan(wide.bytes - 2);
  },
);

test('one value of a megabyte is cut like others, and makes no chunk smaller', async () => {
  const first = `CASE range WHEN 700 THEN repeat('x', 1_000_000) ELSE 'Anna' END`;
  const { plan, addresses } = await planAndRead({ rows: 2_000, fields: 2, bytes: 20, first });
  expect(addresses.size).toBe(2_000);
  // The canaries, chunks of 500, and the spares.
  expect(plan.chunks).toBe(5);
  expect(plan.warnings).toEqual([{ attribute: 'f0', field: 'F0', kind: 'cut', count: 1 }]);
});

test('too little memory is named with the setting that helps', async () => {
  const tooLittle = planAndRead({ rows: 5_000, fields: 80, bytes: 255, memoryLimit: '24MB' });
  const error = await tooLittle.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code: 'STAGING_FAILED',
    message: expect.stringContaining('set staging.memoryLimit to more'),
  });
  expect((error as Error).message).not.toMatch(/threads|insertion/);
});
