import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OpenSource } from '../../../src/ports/source';
import { Lake } from './lake';

let lake: Lake;

beforeEach(async () => {
  lake = await Lake.make();
});
afterEach(() => lake.remove());

/** Of one day: profiles, and those of them who are in the segment. */
interface Day {
  readonly day: number;
  readonly members: readonly number[];
}

function publish({ day, members }: Day): Promise<void> {
  const columns = ['CustomerId', 'Email'];
  const row = (key: number) => `${key},p${key}@day${day}.contoso.nl\n`;
  const tables = [
    { name: 'Customer', columns, partitions: [[1, 2, 3].map(row).join('')] },
    { name: 'Vip', columns, partitions: [members.map(row).join('')] },
  ];
  return lake.publish(tables, { date: `2026/11/${day}/0200` });
}

async function removeDay(day: number): Promise<void> {
  for (const table of ['Customer', 'Vip'])
    await rm(join(lake.root, `${table}/2026/11/${day}`), { recursive: true });
}

/** With a segment that makes a reading long enough to be met in its middle. */
const SEGMENTS = {
  Vip: {},
  slow: {
    sql: 'SELECT CustomerId FROM profiles WHERE (SELECT count(*) FROM range(50000000) r(n) WHERE n % 7 = 8) = 1',
  },
};

async function extract(source: OpenSource) {
  const into = await mkdtemp(join(lake.folder, 'into-'));
  return source.extract({ attributes: ['Email'], segments: Object.keys(SEGMENTS), into });
}

describe('a model that is published again while it is read', () => {
  test('is read again, so that all rows are of one publication', async () => {
    await publish({ day: 23, members: [1, 2] });
    const published = lake.during(1, () => publish({ day: 24, members: [3] }));
    expect(await lake.with({ segments: SEGMENTS }, extract)).toMatchObject({ members: [1, 0], selected: 1 });
    await published;
  });

  test('is read again also where the partitions of the earlier one are gone by then', async () => {
    await publish({ day: 23, members: [1, 2] });
    const published = lake.during(1, async () => {
      await publish({ day: 24, members: [3] });
      await removeDay(23);
    });
    expect(await lake.with({ segments: SEGMENTS }, extract)).toMatchObject({ members: [1, 0] });
    await published;
  });

  test('is not read where that does not end, and nothing of it is used', async () => {
    await publish({ day: 10, members: [1] });
    const published = lake.during(3, (reading) => publish({ day: 10 + reading, members: [1] }));
    await expect(lake.with({ segments: SEGMENTS }, extract)).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('was published again each time'),
    });
    await published;
  });
});

const version = () => lake.with({}, async (source) => source.version?.({ segments: ['Vip'] }));

describe('the version', () => {
  test('is the same as long as model and partitions are, and another one after a publication', async () => {
    await publish({ day: 23, members: [1, 2] });
    const before = await version();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await version()).toBe(before);
    await publish({ day: 24, members: [1, 2] });
    expect(await version()).not.toBe(before);
  });

  test('changes when a partition is written again under its name, of which the model says nothing', async () => {
    await publish({ day: 23, members: [1, 2] });
    const before = await version();
    await lake.write('Vip/2026/11/23/0200/Vip_1.csv', '2,p2@day23.contoso.nl\n1,p1@day23.contoso.nl\n');
    expect(await version()).not.toBe(before);
  });

  test('changes when only the model does: the same text may be of another type', async () => {
    await publish({ day: 23, members: [1, 2] });
    const before = await version();
    const model = await lake.read('model.json');
    await lake.write('model.json', model.replace('"string"', '"dateTime"'));
    expect(await version()).not.toBe(before);
  });
});
