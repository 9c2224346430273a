import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ConfigSchema } from '../../../src/config/config';
import { secretResolver } from '../../../src/config/secrets';
import type { OpenSource } from '../../../src/ports/source';
import { openDatabase } from '../../../src/duckdb/open';
import { openSource } from '../../../src/sources';

const EXAMPLE = resolve(__dirname, '../../../examples/chinook');
const SEGMENTS = ['north-america', 'big-spenders', 'blues-lovers'];

let folder: string;
let source: OpenSource;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chinook-'));
  const config = ConfigSchema.parse(parse(await readFile(join(EXAMPLE, 'temporal-mailchimp.yaml'), 'utf8')));
  const shop = config.sources['shop'];
  if (!shop) throw new Error('the example has no source "shop"');
  source = await openSource(shop, {
    baseFolder: EXAMPLE,
    memoryLimit: '128MB',
    scratch: join(folder, 'scratch'),
    secrets: secretResolver(folder),
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
      unreadable: [],
    });
  });

  test('has segments that overlap, and customer 49 in one of them', async () => {
    const extract = await source.extract({
      attributes: ['Email', 'FirstName'],
      segments: SEGMENTS,
      into: folder,
    });
    expect(extract).toMatchObject({
      selected: 41,
      members: [21, 14, 23],
      unmatched: [0, 0, 0].map(() => ({ keys: 0, values: 0 })),
    });
    const database = await openDatabase({ folder, memoryLimit: '64MB', allow: [folder] });
    const profiles = `'${join(folder, 'profiles.parquet')}'`;
    expect(await database.rows(`SELECT segments, a0, a1 FROM ${profiles} WHERE key = '49'`)).toEqual([
      { segments: '001', a0: 'stanisław.wójcik@wp.pl', a1: 'Stanisław' },
    ]);
    const combinations = await database.rows<{ segments: string; people: number }>(
      `SELECT segments, count(*) AS people FROM ${profiles} GROUP BY segments`,
    );
    await database.close();
    expect(Object.fromEntries(combinations.map(({ segments, people }) => [segments, people]))).toEqual({
      '100': 9,
      '010': 5,
      '001': 10,
      '110': 4,
      '101': 8,
      '011': 5,
    });
  });
});
