import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ConfigSchema } from '../../src/contract/config';
import type { SegmentSource } from '../../src/contract/source';
import { openDatabase } from '../../src/duckdb/open';
import { openSource } from '../../src/sources';

const EXAMPLE = resolve(__dirname, '../../examples/chinook');
const SEGMENTS = ['north-america', 'big-spenders', 'blues-lovers'];

let folder: string;
let source: SegmentSource;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chinook-'));
  const config = ConfigSchema.parse(parse(await readFile(join(EXAMPLE, 'temporal-mailchimp.yaml'), 'utf8')));
  const shop = config.sources['shop'];
  if (!shop) throw new Error('the example has no source "shop"');
  source = await openSource(shop, {
    baseFolder: EXAMPLE,
    memoryLimit: '128MB',
    scratch: join(folder, 'scratch'),
  });
});
afterAll(async () => {
  await source.close();
  await rm(folder, { recursive: true });
});

describe('The Chinook example', () => {
  test('has 59 customers in three segments of 5 to 30', async () => {
    expect(await source.check()).toMatchObject({
      profiles: 59,
      members: [
        { segment: 'north-america', profiles: 21 },
        { segment: 'big-spenders', profiles: 14 },
        { segment: 'blues-lovers', profiles: 23 },
      ],
      rejected: [],
    });
  });

  test('has segments that overlap, and customer 49 in one of them', async () => {
    const extract = await source.extract({
      attributes: ['Email', 'FirstName'],
      segments: SEGMENTS,
      into: folder,
    });
    expect(extract).toMatchObject({ selected: 41, members: [21, 14, 23], orphans: 0 });
    const database = await openDatabase({ folder, memoryLimit: '64MB', allow: [folder] });
    const memberships = `'${join(folder, 'memberships.parquet')}'`;
    expect(await database.rows(`SELECT segment FROM ${memberships} WHERE key = '49'`)).toEqual([
      { segment: 2 },
    ]);
    expect(
      await database.rows(`SELECT a0, a1 FROM '${join(folder, 'profiles.parquet')}' WHERE key = '49'`),
    ).toEqual([{ a0: 'stanisław.wójcik@wp.pl', a1: 'Stanisław' }]);
    const pairs = await database.rows(
      `SELECT a.segment AS a, b.segment AS b, count(*) AS people FROM ${memberships} a JOIN ${memberships} b USING (key)
       WHERE a.segment < b.segment GROUP BY ALL ORDER BY ALL`,
    );
    await database.close();
    expect(pairs).toEqual([
      { a: 0, b: 1, people: 4 },
      { a: 0, b: 2, people: 8 },
      { a: 1, b: 2, people: 5 },
    ]);
  });
});
