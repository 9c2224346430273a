import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openDatabase } from '../../../src/duckdb/open';
import { quoteText } from '../../../src/duckdb/quote';
import { FolderStore, openStaging } from '../../../src/staging';
import { DESTINATION, match, VIP } from '../stage';

const ROWS = 3_000;
const FIELDS = Array.from({ length: 80 }, (_, index) => match(`f${index}`, `F${index}`));

test('chunks of rows with eighty full fields are read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wide-'));
  const staging = await openStaging({ store: new FolderStore(join(folder, 'store')), memoryLimit: '1GB' });
  const ref = { destinationId: DESTINATION, exportId: 'wide' };
  try {
    const into = await staging.openExtractFolder(ref);
    const database = await openDatabase({ folder, memoryLimit: '1GB', threads: 1, allow: [into] });
    const values = FIELDS.map((_, index) => `repeat(md5((range * 131 + ${index})::VARCHAR), 8)[1:255]`);
    await database.run(`
      COPY (SELECT 'k' || range AS key, '1' AS segments, 'p' || range || '@example.com' AS a0,
        ${values.map((value, index) => `${value} AS a${index + 1}`).join(', ')} FROM range(${ROWS}))
      TO ${quoteText(join(into, 'profiles.parquet'))} (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
    await database.close();
    const counts = { profiles: ROWS, selected: ROWS, members: [ROWS], unmatched: [], unreadable: [] };
    await staging.sealSnapshot(ref, { folder: into, ...counts });
    await staging.sealCensus(ref, 'optOuts', null);
    const { chunks } = await staging.plan(ref, {
      email: 'email',
      fields: FIELDS,
      segments: [VIP],
      baseline: null,
      census: null,
      statusIfNew: 'subscribed',
      keepDeparted: false,
      strict: false,
      optedOut: 'update',
      latest: null,
    });
    let rows = 0;
    for (let number = 0; number < chunks; number++) {
      const chunk = await staging.readChunk(ref, number);
      rows += chunk.kind === 'upsert' ? chunk.rows.length : 0;
    }
    expect(rows).toBe(ROWS);
  } finally {
    await staging.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
