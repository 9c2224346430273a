import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { OpenSource } from '../../../src/ports/source';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { FakeDataverse } from '../../support/dataverse/fake-dataverse';
import { until } from '../../support/until';
import { MEMBERS, PROFILES } from '../dataverse/fixture';
import { errorOf } from '../files/fixture';
import { Fixture, type SqlInput } from './fixture';

type TableInput = SqlInput['tables'][string];

/** A folder, and an environment of Dataverse beside it. */
class Both {
  readonly files: Fixture;
  readonly dataverse: FakeDataverse;
  readonly #open: OpenSource[] = [];

  private constructor(files: Fixture, dataverse: FakeDataverse) {
    this.files = files;
    this.dataverse = dataverse;
  }

  static async make(): Promise<Both> {
    const both = new Both(await Fixture.make(), await FakeDataverse.start());
    await writeFile(join(both.files.folder, 'secret'), both.dataverse.credentials.clientSecret);
    return both;
  }

  table(name: string, more: object = {}): TableInput {
    const { url, credentials } = this.dataverse;
    const { tenantId, clientId } = credentials;
    return {
      kind: 'dataverse',
      url,
      authority: url,
      tenantId,
      clientId,
      clientSecret: 'file:secret',
      table: name,
      ...more,
    };
  }

  async open(input: SqlInput): Promise<OpenSource> {
    const source = await this.files.open(input);
    this.#open.push(source);
    return source;
  }

  /** Throws where a source left rows behind. */
  async remove(): Promise<void> {
    for (const source of this.#open) await source.close();
    await this.dataverse.close();
    await this.files.remove();
  }
}

describe('the contract of SegmentSource, with profiles in files and SQL that joins Dataverse', () => {
  runContract(
    segmentSourceContract(async (content) => {
      const both = await Both.make();
      const write = async ({ attributes, profiles, segments }: SourceContent) => {
        await both.files.write('people.csv', [attributes, ...profiles]);
        const rows = segments.flatMap(({ id, members }) => members.map((key) => [key, id]));
        both.dataverse.put({ name: MEMBERS, columns: ['id', 'segment'], rows });
      };
      await write(content);
      const key = content.attributes[0]!;
      const segments = content.segments.map(({ id, name }) => {
        const sql = `SELECT m.id FROM memberships m LEFT JOIN profiles p ON p."${key}" = m.id WHERE m.segment = '${id}'`;
        return [id, { name, sql }] as const;
      });
      const source = await both.open({
        tables: {
          people: { kind: 'files', path: 'people.csv' },
          memberships: both.table(MEMBERS, { pageSize: 2 }),
        },
        profiles: { table: 'people', key },
        segments: Object.fromEntries(segments),
      });
      return { source, change: write, close: () => both.remove() };
    }),
  );
});

describe('a source of SQL with tables in Dataverse', () => {
  let both: Both;

  beforeEach(async () => {
    both = await Both.make();
    const { dataverse, files } = both;
    dataverse.put({
      name: PROFILES,
      columns: ['msdynci_customerid', 'msdynci_email', 'msdynci_notes'],
      rows: [
        ['c1', 'ada@nordlichtpost.de', 'long'],
        ['c2', 'ben@nordlichtpost.de', 'longer'],
        ['c3', 'cy@nordlichtpost.de', null],
      ],
    });
    dataverse.put({
      name: MEMBERS,
      columns: ['msdynci_customerid', 'msdynci_segments', 'msdynci_segmentmembershiptype'],
      rows: [
        ['c1', '{"Segments":["vip","new"]}', 'Customer'],
        ['c2', '{"Segments":["new"]}', 'Customer'],
        ['c3', '{"Segments":["vip"]}', 'Account'],
      ],
    });
    await files.write('orders.csv', [
      ['customer', 'total'],
      ['c1', '12'],
      ['c2', '80'],
    ]);
  });

  afterEach(() => both.remove());

  const shop = (more: object = {}): SqlInput => ({
    tables: {
      insights: both.table(PROFILES, more),
      memberships: both.table(MEMBERS, { filter: "msdynci_segmentmembershiptype eq 'Customer'", ...more }),
      orders: { kind: 'files', path: 'orders.csv' },
    },
    profiles: {
      sql: 'SELECT i.msdynci_customerid AS id, i.msdynci_email AS email, o.total FROM insights i LEFT JOIN orders o ON o.customer = i.msdynci_customerid',
      key: 'id',
    },
    segments: {
      buyers: { name: 'Buyers', sql: 'SELECT id FROM profiles WHERE CAST(total AS DOUBLE) > 50' },
      vip: {
        members: {
          table: 'memberships',
          key: 'msdynci_customerid',
          segments: 'msdynci_segments',
          value: 'vip',
        },
      },
    },
  });

  const request = { attributes: ['email', 'total'], segments: ['buyers', 'vip'] };

  /** Requests for rows, without those for times. */
  const reads = (table: string) =>
    both.dataverse.requests.filter((one) => one.includes(`/${table}s?`) && !one.includes('$orderby'));

  test('profiles of Dataverse are joined with a file, and segments are read from both', async () => {
    const source = await both.open(shop());
    expect(await source.findProblems()).toEqual([]);
    expect((await source.describe()).attributes).toEqual(['id', 'email', 'total']);
    expect(reads(PROFILES).every((one) => one.includes('$top=1'))).toBe(true);

    const { rows, profiles, members } = await both.files.extract(source, request);
    expect({ profiles, members }).toEqual({ profiles: 3, members: [1, 1] });
    expect(rows).toEqual({
      c1: ['01', 'ada@nordlichtpost.de', '12'],
      c2: ['10', 'ben@nordlichtpost.de', '80'],
    });
  });

  test('only the columns are requested that the SQL reads, and of the rows those of the filter', async () => {
    await both.files.extract(await both.open(shop()), request);
    expect(reads(PROFILES)).toEqual([expect.stringMatching(/\$select=msdynci_customerid,msdynci_email$/)]);
    expect(reads(MEMBERS)).toEqual([expect.stringMatching(/\$filter=msdynci_segmentmembershiptype eq /)]);
  });

  test('tables of one environment are of one state: what was written to in between is read again', async () => {
    let writes = 0;
    both.dataverse.before = ({ table, isForTime }) => {
      if (table !== MEMBERS || isForTime || writes > 0) return undefined;
      writes += 1;
      both.dataverse.put({
        name: PROFILES,
        columns: ['msdynci_customerid', 'msdynci_email'],
        rows: [['c1', 'new@nordlichtpost.de']],
        modified: '2026-01-06T00:00:00Z',
      });
      return undefined;
    };
    const { rows } = await both.files.extract(await both.open(shop()), request);
    expect(rows).toEqual({ c1: ['01', 'new@nordlichtpost.de', '12'] });
    expect(reads(PROFILES)).toHaveLength(2);
  });

  test('an environment that is being refreshed is waited for', async () => {
    const modified = new Date().toISOString();
    const [columns, rows] = [['msdynci_customerid', 'msdynci_segments'], [['c1', '{"Segments":["vip"]}']]];
    both.dataverse.put({ name: MEMBERS, columns, rows, modified });
    const source = await both.open({
      ...shop(),
      tables: { ...shop().tables, memberships: both.table(MEMBERS) },
    });
    expect(await errorOf(both.files.extract(source, request))).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      details: { quietMinutes: 5 },
    });
    expect(await source.findProblems()).toEqual([]);
  });

  test('a reading that failed for a passing reason goes on from its last page', async () => {
    let failures = 1;
    both.dataverse.before = ({ table, page, isForTime }) => {
      if (table !== PROFILES || isForTime || page !== 2 || failures === 0) return undefined;
      failures -= 1;
      // Not for soon: so the step fails at once.
      return { status: 503, retryAfter: 120 };
    };
    const source = await both.open(shop({ pageSize: 2 }));
    expect((await errorOf(both.files.extract(source, request))).code).toBe('SOURCE_UNAVAILABLE');
    const before = reads(PROFILES).length;
    const { profiles } = await both.files.extract(source, request);
    expect(profiles).toBe(3);
    expect(reads(PROFILES).slice(before)).toEqual([expect.stringContaining('pagenumber="2"')]);
  });

  test('each problem names its table: no privilege, no such table, a filter that is not taken, no such column', async () => {
    both.dataverse.denied.add(MEMBERS);
    const input = shop();
    const source = await both.open({
      ...input,
      tables: {
        ...input.tables,
        gone: both.table('msdynci_gone'),
        filtered: both.table(PROFILES, { filter: "nothing eq 'x'" }),
      },
      segments: {
        ...input.segments,
        owners: { name: 'Owners', sql: 'SELECT i.ownerid FROM insights i' },
      },
    });
    const problems = await source.findProblems();
    expect(problems.map(({ at, error }) => [at, error.code])).toEqual([
      ['tables.memberships', 'SOURCE_UNREADABLE'],
      ['tables.gone', 'SOURCE_UNREADABLE'],
      ['tables.filtered', 'SOURCE_UNREADABLE'],
      ['segments.vip', 'SOURCE_UNREADABLE'],
      ['segments.owners', 'SEGMENT_SQL_INVALID'],
    ]);
    expect(problems[0]?.error.message).toMatch(/^table memberships \(msdynci_segmentmembership\): .*prvRead/);
  });

  test('a refusal that is the same for all tables is said once', async () => {
    await writeFile(join(both.files.folder, 'secret'), 'wrong');
    const problems = await (await both.open(shop())).findProblems();
    expect(problems.map(({ at, error }) => [at, error.message])).toEqual([
      ['tables.insights', expect.stringContaining('AADSTS7000215')],
    ]);
  });

  test('it is read by the identity of each place', async () => {
    const identity = await (await both.open(shop())).identity?.();
    expect(identity).toBe(
      `application ${both.dataverse.credentials.clientId}, OS user ${userInfo().username}`,
    );
  });

  test('it has no version: the times of rows do not show which were deleted', async () => {
    expect(await (await both.open(shop())).version?.({ segments: ['buyers'] })).toBeUndefined();
  });

  test('a cancelled reading ends within two seconds, and leaves no row behind', async () => {
    both.dataverse.before = ({ isForTime }) => (isForTime ? undefined : 'silent');
    const source = await both.open(shop());
    const stop = new AbortController();
    const into = both.files.folder;
    const reading = errorOf(source.extract({ ...request, into, signal: stop.signal }));
    await until(async () => reads(PROFILES).length > 0);
    const began = performance.now();
    stop.abort();
    await reading;
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
