import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openDatabase } from '../duckdb/open';
import { quoteText } from '../duckdb/quote';
import { ExportError } from '../errors';
import type { SegmentSource, SourceExtract } from '../ports/source';
import { assertSame, casesWith, type ContractCase, errorOf, type Fixture } from './contract-case';

/** The content of a source under test. */
export interface SourceContent {
  /** Names of attributes, in their order; the first one is the key. */
  readonly attributes: readonly string[];
  /** Profiles, attribute by attribute; null is an empty value. */
  readonly profiles: readonly (readonly (string | null)[])[];
  /** Segments in their order, with the keys of their members as they are listed: also twice, and of no profile. */
  readonly segments: readonly {
    readonly id: string;
    readonly name: string;
    readonly members: readonly string[];
  }[];
}

export interface SegmentSourceFixture extends Fixture {
  readonly source: SegmentSource;
  /** Gives the source other content, in place of what it had. Without it, one rule about `version` is not tested. */
  change?(content: SourceContent): Promise<void>;
}

const CONTENT: SourceContent = {
  attributes: ['CustomerId', 'Email', 'First Name', 'Score'],
  profiles: [
    ['c1', 'ann@nordlichtpost.de', 'Ann, "the 1st"', '007'],
    ['c2', ' Bob@Nordlichtpost.de ', 'Bób\nLine', '31/12/1980'],
    ['c3', null, "O'Hara; ü 山田", null],
    ['c4', 'dan@nordlichtpost.de', null, '1e3'],
    ['C4', 'other@nordlichtpost.de', 'Same key but for case', '2'],
  ],
  segments: [
    { id: 'vip', name: 'VIP customers', members: ['c1', 'c2', 'c2', 'gone', 'gone'] },
    { id: 'fresh', name: 'New customers', members: ['c3', 'c1'] },
    { id: 'one', name: 'one', members: ['c4', 'C4', 'c4'] },
  ],
};

interface Opened extends Fixture {
  readonly source: SegmentSource;
  /** As that of the fixture. */
  readonly change: SegmentSourceFixture['change'];
  /** Opens a source of its own for other content, until the case ends. */
  readonly openOther: (content: SourceContent) => Promise<SegmentSource>;
  /** An empty folder of the case's own. */
  readonly into: string;
}

/**
 * The rules of `SegmentSource`.
 * @param open opens a source with the content
 * @example
 * ```ts
 * import { segmentSourceContract } from 'temporal-mailchimp/testing';
 *
 * for (const { name, run } of segmentSourceContract(openMySource)) test(name, run);
 * ```
 */
export function segmentSourceContract(
  open: (content: SourceContent) => Promise<SegmentSourceFixture>,
): readonly ContractCase[] {
  return casesWith(async () => openCase(open), RULES);
}

async function openCase(open: (content: SourceContent) => Promise<SegmentSourceFixture>): Promise<Opened> {
  const opened: SegmentSourceFixture[] = [];
  const openFixture = async (content: SourceContent): Promise<SegmentSourceFixture> => {
    const fixture = await open(content);
    opened.push(fixture);
    return fixture;
  };
  const openOther = async (content: SourceContent) => (await openFixture(content)).source;
  const into = await mkdtemp(join(tmpdir(), 'source-contract-'));
  const fixture = await openFixture(CONTENT);
  return {
    source: fixture.source,
    change: fixture.change?.bind(fixture),
    openOther,
    into,
    close: async () => {
      for (const fixture of opened) await fixture.close?.();
      await rm(into, { recursive: true, force: true });
    },
  };
}

const NONE = { keys: 0, values: 0 };
const PROFILES = 'profiles.parquet';
const UNMATCHED = 'unmatched.parquet';

const RULES: Readonly<Record<string, (opened: Opened) => Promise<void>>> = {
  'it describes its attributes in their order, and its segments with names': async ({ source }) => {
    const { attributes, segments } = await source.describe();
    assertSame(attributes, CONTENT.attributes);
    assertSame(
      segments.map(({ id, name }) => [id, name]),
      CONTENT.segments.map(({ id, name }) => [id, name]),
    );
  },
  'the digest of a segment is its own, and the same each time': async ({ source }) => {
    const digests = async () => (await source.describe()).segments.map(({ digest }) => digest);
    const first = await digests();
    assert.equal(new Set(first).size, CONTENT.segments.length);
    assertSame(await digests(), first);
  },
  'a check counts profiles, members, and memberships of no profile': async ({ source }) => {
    const { profiles, members, unreadable } = await source.check();
    assertSame(
      { profiles, members, unreadable },
      {
        profiles: 5,
        members: [
          { segment: 'vip', profiles: 2, unmatched: { keys: 2, values: 0 } },
          { segment: 'fresh', profiles: 2, unmatched: NONE },
          { segment: 'one', profiles: 2, unmatched: NONE },
        ],
        unreadable: [],
      },
    );
  },
  'an extract contains the members of the segments, each once, with their values untouched': async ({
    source,
    into,
  }) => {
    const attributes = ['Score', 'Email', 'First Name'];
    const counts = await source.extract({ attributes, segments: ['fresh', 'vip'], into });
    assertCounts(counts, {
      profiles: 5,
      selected: 3,
      members: [2, 2],
      unmatched: [NONE, { keys: 2, values: 0 }],
      unreadable: [],
    });
    assertSame(await rowsOf(into), [
      ['c1', '11', '007', 'ann@nordlichtpost.de', 'Ann, "the 1st"'],
      ['c2', '01', '31/12/1980', ' Bob@Nordlichtpost.de ', 'Bób\nLine'],
      ['c3', '10', null, null, "O'Hara; ü 山田"],
    ]);
  },
  'an extract has the columns key, segments, a0, a1, …, all of them VARCHAR': async ({ source, into }) => {
    await source.extract({ attributes: ['Score', 'Email'], segments: ['vip'], into });
    assertSame(await columnsOf(into), ['key VARCHAR', 'segments VARCHAR', 'a0 VARCHAR', 'a1 VARCHAR']);
  },
  'keys that differ in case only are two, and the key can be an attribute': async ({ source, into }) => {
    await source.extract({ attributes: ['CustomerId'], segments: ['one'], into });
    assertSame(await rowsOf(into), [
      ['C4', '1', 'C4'],
      ['c4', '1', 'c4'],
    ]);
  },
  'blanks at both ends of keys do not matter': async ({ openOther, into }) => {
    const source = await openOther({
      attributes: ['Id'],
      profiles: [[' p1'], ['p2']],
      segments: [{ id: 'all', name: 'all', members: ['p1', 'p2 '] }],
    });
    const counts = await source.extract({ attributes: [], segments: ['all'], into });
    assertCounts(counts, { profiles: 2, selected: 2, members: [2], unmatched: [NONE], unreadable: [] });
    assertSame(await rowsOf(into), [
      ['p1', '1'],
      ['p2', '1'],
    ]);
  },
  'an extract tells the keys that no profile has, with their segment and number, or writes no such file':
    async ({ openOther, into }) => {
      const source = await openOther({
        attributes: ['Id'],
        profiles: [['p1'], ['007'], ['A']],
        segments: [
          { id: 'one', name: 'one', members: ['p1', ' gone', 'gone'] },
          { id: 'two', name: 'two', members: ['7', 'a', 'gone', '8', '007.0', 'P1'] },
        ],
      });
      const ofBoth = [
        [0, '007.0', 1, true],
        [0, '7', 1, true],
        [0, '8', 1, false],
        [0, 'P1', 1, true],
        [0, 'a', 1, true],
        [0, 'gone', 1, false],
        [1, 'gone', 2, false],
      ];
      const request = { attributes: [], into };
      await source.extract({ ...request, segments: ['two', 'one'] });
      if (!(await readdir(into)).includes(UNMATCHED)) return;
      assertSame(await columnsOf(into, UNMATCHED), [
        'segment INTEGER',
        'key VARCHAR',
        'rows BIGINT',
        'is_near BOOLEAN',
      ]);
      assertSame(await rowsOf(into, UNMATCHED), ofBoth);
      await source.extract({ ...request, segments: ['one'] });
      assertSame(await rowsOf(into, UNMATCHED), [[0, 'gone', 2, false]]);
      await source.extract({ ...request, segments: [] });
      const isLeft = (await readdir(into)).includes(UNMATCHED);
      assertSame(isLeft ? await rowsOf(into, UNMATCHED) : [], []);
    },
  'no attributes and no segments make an extract without rows': async ({ source, into }) => {
    const counts = await source.extract({ attributes: [], segments: [], into });
    assertCounts(counts, { profiles: 5, selected: 0, members: [], unmatched: [], unreadable: [] });
    assertSame(await rowsOf(into), []);
  },
  'an extract replaces what an earlier attempt has left in the folder': async ({ source, into }) => {
    await writeFile(join(into, PROFILES), 'half a file');
    const request = { attributes: ['Email'], segments: ['one'], into };
    const first = await source.extract(request);
    assertSame(await source.extract(request), first);
    assert.equal((await rowsOf(into)).length, 2);
  },
  'calls side by side do not disturb each other': async ({ source, into }) => {
    const folders = ['one', 'two'].map((name) => join(into, name));
    for (const folder of folders) await mkdir(folder);
    const [described, checked] = await Promise.all([
      source.describe(),
      source.check(),
      ...folders.map((folder) => source.extract({ attributes: ['Email'], segments: ['vip'], into: folder })),
    ]);
    assert.equal(described.segments.length, 3);
    assert.equal(checked.profiles, 5);
    for (const folder of folders) assert.equal((await rowsOf(folder)).length, 2);
  },
  'a source without profiles counts none, and every membership is unmatched': async ({ openOther, into }) => {
    const source = await openOther({ ...CONTENT, profiles: [] });
    const counts = await source.extract({ attributes: ['Email'], segments: ['fresh'], into });
    assertCounts(counts, {
      profiles: 0,
      selected: 0,
      members: [0],
      unmatched: [{ keys: 2, values: 0 }],
      unreadable: [],
    });
    assertSame(await rowsOf(into), []);
  },
  'an attribute that does not exist is ATTRIBUTE_NOT_FOUND with its name': async ({ source, into }) => {
    const error = await errorOf(source.extract({ attributes: ['Phone'], segments: ['vip'], into }));
    assertRefused(error, { code: 'ATTRIBUTE_NOT_FOUND', named: 'Phone' });
  },
  'a segment that does not exist is SEGMENT_NOT_FOUND with its name': async ({ source, into }) => {
    const error = await errorOf(source.extract({ attributes: ['Email'], segments: ['vib'], into }));
    assertRefused(error, { code: 'SEGMENT_NOT_FOUND', named: 'vib' });
  },
  'a version that is known is short, and the same as long as nothing changes': async ({ source }) => {
    const version = await source.version?.({ segments: ['vip', 'one'] });
    if (version === undefined) return;
    assert.ok(version.length > 0 && version.length <= 200, `${version.length} characters`);
    assert.equal(await source.version?.({ segments: ['vip', 'one'] }), version);
  },
  'it differs when a value or a member of the segments has changed': async ({ source, change }) => {
    if (!source.version || !change) return;
    const versions = [await source.version({ segments: ['vip'] })];
    // Of the same length: a size alone is no version.
    const profiles = CONTENT.profiles.map((profile) =>
      profile.map((value) => (value === 'ann@nordlichtpost.de' ? 'eve@nordlichtpost.de' : value)),
    );
    await change({ ...CONTENT, profiles });
    versions.push(await source.version({ segments: ['vip'] }));
    const segments = CONTENT.segments.map((segment) =>
      segment.id === 'vip' ? { ...segment, members: ['c1', 'c4', 'c2', 'gone', 'gone'] } : segment,
    );
    await change({ ...CONTENT, profiles, segments });
    versions.push(await source.version({ segments: ['vip'] }));
    const known = versions.filter((version) => version !== undefined);
    assert.equal(new Set(known).size, known.length, inspect(versions));
  },
  'a call that is aborted before it begins rejects': async ({ source, into }) => {
    const signal = AbortSignal.abort();
    await errorOf(source.describe({ signal }));
    await errorOf(source.check({ signal }));
    await errorOf(source.extract({ attributes: ['Email'], segments: ['vip'], into, signal }));
    if (source.version) await errorOf(source.version({ segments: ['vip'], signal }));
  },
  'after an aborted call the source is as good as before': async ({ source, into }) => {
    const aborting = new AbortController();
    const request = { attributes: ['Email'], segments: ['vip'], into };
    const aborted = source.extract({ ...request, signal: aborting.signal }).catch(() => undefined);
    aborting.abort();
    await aborted;
    await source.extract(request);
    assert.equal((await rowsOf(into)).length, 2);
  },
};

function assertCounts(counts: SourceExtract, expected: SourceExtract): void {
  const { profiles, selected, members, unmatched, unreadable } = counts;
  assertSame({ profiles, selected, members, unmatched, unreadable }, expected);
}

function assertRefused(error: unknown, { code, named }: { code: string; named: string }): void {
  assert.ok(error instanceof ExportError, inspect(error));
  assert.equal(error.code, code);
  assert.ok(error.message.includes(named), error.message);
}

/** The values of each row, sorted: of profiles, key, segments and attributes. */
async function rowsOf(folder: string, name = PROFILES): Promise<readonly (readonly unknown[])[]> {
  const rows = await query<Record<string, unknown>>(folder, `FROM ${fileIn(folder, name)} ORDER BY ALL`);
  return rows.map((row) => Object.values(row));
}

async function columnsOf(folder: string, name = PROFILES): Promise<readonly string[]> {
  const columns = await query<{ column_name: string; column_type: string }>(
    folder,
    `DESCRIBE FROM ${fileIn(folder, name)}`,
  );
  return columns.map(({ column_name: name, column_type: type }) => `${name} ${type}`);
}

function fileIn(folder: string, name: string): string {
  return quoteText(join(folder, name));
}

async function query<Row extends object>(folder: string, sql: string): Promise<Row[]> {
  const database = await openDatabase({ folder, memoryLimit: '128MB', allow: [folder] });
  try {
    return await database.rows<Row>(sql);
  } finally {
    await database.close();
  }
}
