import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Fixture, type SourceInput, errorOf } from './fixture';

/** Column by column; null is an empty value. */
export interface Content {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

const PROFILES: Content = {
  columns: ['CustomerId', 'Email', 'First Name', 'Score'],
  rows: [
    ['c1', 'ann@nordlichtpost.de', 'Ann, "the 1st"', '007'],
    ['c2', ' Bob@Nordlichtpost.de ', 'Bób\nLine', '31/12/1980'],
    ['c3', null, "O'Hara; ü 山田", null],
    ['c4', 'dan@nordlichtpost.de', null, '1e3'],
    ['C4', 'other@nordlichtpost.de', 'Same key but for case', '2'],
  ],
};
const MEMBERSHIPS: Content = {
  columns: ['CustomerId', 'Segment'],
  rows: [
    ['c1', 'vip'],
    ['c2', 'vip'],
    ['c2', 'vip'],
    ['c3', 'new customers'],
    ['c1', 'new customers'],
    ['gone', 'vip'],
    ['c4', 'not configured'],
  ],
};
const ONE: Content = { columns: ['id'], rows: [['c4'], ['C4'], ['c4']] };

/**
 * What sources of files do beyond the contract of every source.
 *
 * @param write Writes a table in the format under test; returns how the configuration names it, without a key.
 */
export function describeSource(
  name: string,
  write: (fixture: Fixture, table: string, content: Content) => Promise<{ readonly path: string }>,
): void {
  describe(`a source of ${name}`, () => {
    let fixture: Fixture;
    let input: SourceInput;

    beforeEach(async () => {
      fixture = await Fixture.make();
      const profiles = { ...(await write(fixture, 'profiles', PROFILES)), key: 'CustomerId' };
      const members = {
        ...(await write(fixture, 'memberships', MEMBERSHIPS)),
        key: 'CustomerId',
        segment: 'Segment',
      };
      const one = { ...(await write(fixture, 'one', ONE)), key: 'id' };
      input = {
        profiles,
        tables: { memberships: await write(fixture, 'memberships', MEMBERSHIPS) },
        segments: {
          vip: { members },
          fresh: { name: 'New customers', members: { ...members, value: 'new customers' } },
          one: { members: one },
          sql: {
            sql: `SELECT p.CustomerId FROM profiles p JOIN memberships m USING (CustomerId) WHERE m.Segment = 'vip' AND p.Score LIKE '0%'`,
          },
        },
      };
    });
    afterEach(() => fixture.remove());

    test('describes its attributes in their order, and its segments with names and digests', async () => {
      const source = await fixture.open(input);
      const { attributes, segments } = await source.describe();
      expect(attributes).toEqual(PROFILES.columns);
      expect(segments.map(({ id, name }) => [id, name])).toEqual([
        ['vip', 'vip'],
        ['fresh', 'New customers'],
        ['one', 'one'],
        ['sql', 'sql'],
      ]);
      expect(new Set(segments.map(({ digest }) => digest))).toHaveProperty('size', 4);
      await source.close();
    });

    test('counts profiles and members when it is checked', async () => {
      const source = await fixture.open(input);
      expect(await source.check()).toMatchObject({
        profiles: 5,
        members: [
          { segment: 'vip', profiles: 2 },
          { segment: 'fresh', profiles: 2 },
          { segment: 'one', profiles: 2 },
          { segment: 'sql', profiles: 1 },
        ],
        unreadable: [],
      });
      await source.close();
    });

    test('copies the members of the segments, each once, with their values untouched', async () => {
      const extracted = await fixture.extract(input, {
        attributes: ['Score', 'Email', 'First Name'],
        segments: ['fresh', 'vip', 'sql'],
      });
      expect(extracted).toMatchObject({
        profiles: 5,
        selected: 3,
        members: [2, 2, 1],
        unmatched: [
          { keys: 0, values: 1 },
          { keys: 1, values: 1 },
          { keys: 0, values: 0 },
        ],
        unreadable: [],
      });
      expect(await fixture.readUnmatched(extracted)).toEqual([[1, 'gone', 1, false]]);
      expect(extracted.keys).toEqual([['c1', 'c3'], ['c1', 'c2'], ['c1']]);
      expect(extracted.rows).toEqual({
        c1: ['007', 'ann@nordlichtpost.de', 'Ann, "the 1st"'],
        c2: ['31/12/1980', ' Bob@Nordlichtpost.de ', 'Bób\nLine'],
        c3: [null, null, "O'Hara; ü 山田"],
      });
    });

    test('writes over what a dead attempt left', async () => {
      const into = await mkdtemp(join(fixture.folder, 'into-'));
      for (const left of ['profiles.parquet', 'tmp_profiles.parquet', 'unmatched.parquet']) {
        await writeFile(join(into, left), 'half a file');
      }
      const source = await fixture.open(input);
      const request = { attributes: ['Email'], segments: ['one'], into };
      const first = await source.extract(request);
      expect(await source.extract(request)).toEqual(first);
      expect(await fixture.read(into, 1)).toMatchObject({ keys: [['C4', 'c4']] });
      await source.close();
    });

    test('counts nothing in a source without rows', async () => {
      const empty = { columns: PROFILES.columns, rows: [] };
      const profiles = { ...(await write(fixture, 'empty', empty)), key: 'CustomerId' };
      const request = { attributes: ['Email'], segments: ['vip'] };
      expect(await fixture.extract({ ...input, profiles }, request)).toMatchObject({
        profiles: 0,
        selected: 0,
        members: [0],
        unmatched: [{ keys: 4, values: 1 }],
        rows: {},
      });
    });

    test('counts rows without a key as unreadable', async () => {
      const rows = [...PROFILES.rows, [null, 'x@nordlichtpost.de', null, null], [' \t', null, null, '1']];
      const profiles = { ...(await write(fixture, 'empty-keys', { ...PROFILES, rows })), key: 'CustomerId' };
      const { profiles: count, unreadable } = await fixture.extract(
        { ...input, profiles },
        { attributes: ['Email'], segments: ['vip'] },
      );
      expect(count).toBe(5);
      expect(unreadable).toMatchObject([
        { lines: 2, first: [{ fault: 'EMPTY KEY' }, { fault: 'EMPTY KEY' }] },
      ]);
      expect(unreadable[0]?.file).toMatch(/^empty-keys\./);
    });

    test('refuses a key that several rows have, with their number and without the key', async () => {
      const rows = [...PROFILES.rows, ['c1', null, null, null], ['c1', null, null, null]];
      const profiles = { ...(await write(fixture, 'twice', { ...PROFILES, rows })), key: 'CustomerId' };
      const error = await errorOf(
        fixture.extract({ ...input, profiles }, { attributes: ['Email'], segments: ['vip'] }),
      );
      expect(error).toMatchObject({
        code: 'SOURCE_KEY_NOT_UNIQUE',
        message: expect.stringMatching(
          /2 rows repeat the "CustomerId" of an earlier row \(distinct values: 1\)/,
        ),
        details: { keys: 1, rows: 2 },
        // Shown where the files are; a cause does not reach Temporal.
        cause: { keys: [{ key: 'c1', rows: 3 }] },
      });
      expect(error.message).not.toContain('c1');
    });

    test.each([
      [
        'ATTRIBUTE_NOT_FOUND',
        { attributes: ['email'], segments: ['vip'] },
        'Did you mean "Email"? Available: CustomerId, Email',
      ],
      [
        'SEGMENT_NOT_FOUND',
        { attributes: ['Email'], segments: ['vib'] },
        'Did you mean "vip"? Available: vip, fresh',
      ],
    ])('answers %s with what there is', async (code, request, text) => {
      const error = await errorOf(fixture.extract(input, request));
      expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    });

    test('says so when the key column is not there', async () => {
      const profiles = { ...input.profiles, key: 'CustomerID' };
      const source = await fixture.open({ ...input, profiles });
      expect(await errorOf(source.describe())).toMatchObject({
        code: 'SOURCE_MALFORMED',
        message: expect.stringContaining('Did you mean "CustomerId"?'),
      });
      await source.close();
    });

    test('says so when a file is not there, before it reads anything', async () => {
      const profiles = {
        ...input.profiles,
        path: `missing${/\..*$/.exec(String(input.profiles.path))?.[0]}`,
      };
      const source = await fixture.open({ ...input, profiles });
      expect(await errorOf(source.check())).toMatchObject({
        code: 'SOURCE_UNREADABLE',
        message: expect.stringContaining('there is no file missing'),
      });
      await source.close();
    });

    test.each(['closed', 'aborted'])('stops in the middle when it is %s', async (how) => {
      const sql = 'SELECT CustomerId FROM profiles, range(100000000000) r(n) WHERE n % 7 = 8';
      const source = await fixture.open({ ...input, segments: { slow: { sql } } });
      const aborting = new AbortController();
      const checked = errorOf(source.check({ signal: aborting.signal }));
      const isRunning = async () => (await readdir(fixture.scratch)).length > 0;
      while (!(await isRunning())) await setImmediate();
      if (how === 'closed') await source.close();
      else aborting.abort();
      expect(await checked).toMatchObject({ kind: 'INTERRUPT' });
      await source.close();
    });
  });
}
