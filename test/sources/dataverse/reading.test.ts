import { mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DataRequest, Fault } from '../../support/dataverse/fake-dataverse';
import { Fixture, KEY, MEMBERS, METADATA, PROFILES } from './fixture';

let fixture: Fixture;
/** Downloads that a test leaves on purpose, as an attempt does whose next one goes on. */
let kept = 0;

beforeEach(async () => {
  fixture = await Fixture.make();
  kept = 0;
});

afterEach(() => fixture.remove(kept));

const SMALL = { pageSize: 2 };

/** Of the download of a process. */
const nameOf = (pid: number) => `source-dataverse-0123456789abcdef-${pid}-0123456789ab`;

/** A value of the column with the segments of a customer. */
const list = (...names: string[]) => JSON.stringify({ Segments: names });

/** A fault of one page, once or each time. */
function failPage(page: number, fault: Fault, times = 1): void {
  let left = times;
  fixture.dataverse.before = (request: DataRequest) => {
    if (request.table !== PROFILES || request.isForTime || request.page !== page || left === 0)
      return undefined;
    left -= 1;
    return fault;
  };
}

describe('a reading of Dataverse', () => {
  test('follows the links of pages of the size that is set, and names segments as Customer Insights does', async () => {
    fixture.putPeople(7);
    const source = await fixture.open(SMALL);
    expect(await source.describe()).toMatchObject({
      attributes: [KEY, 'msdynci_email', 'msdynci_fullname'],
      segments: [
        { id: 'all', name: 'All customers' },
        { id: 'even', name: 'Every second one' },
      ],
    });
    expect(await source.identity?.()).toMatch(/^application \S+$/);
    expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual([]);
    const attributes = ['msdynci_fullname', 'msdynci_email'];
    const read = await fixture.extract(source, ['even', 'all'], { attributes });
    expect(read).toMatchObject({ profiles: 7, selected: 7, members: [4, 7], unreadable: [] });
    expect(read.rows['p6']).toEqual(['Person "6"', 'p6@nordlichtpost.de']);
    expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual(['1', '2', '3', '4']);
    expect([...fixture.dataverse.pageSizes]).toEqual([2]);
    expect(fixture.dataverse.tokens).toBe(2);
  });

  test('takes values as text, and segments from the configuration and from rows that a filter leaves', async () => {
    const columns = [KEY, 'score', 'active', 'note'];
    fixture.dataverse.put({
      name: PROFILES,
      columns,
      rows: [
        ['p1', 12.5, true, 'two\r\nlines, "quoted"'],
        ['p2', 9007199254740991, false, ''],
        [' p3 ', null, null, ' blanks '],
      ],
    });
    fixture.dataverse.put({
      name: MEMBERS,
      columns: [KEY, 'msdynci_segments', 'msdynci_segmentmembershiptype'],
      rows: [
        ['p1', list('Output_1', 'other'), 'Customer'],
        ['p1', list('Output_1'), 'Contact'],
        ['p2', list(), 'Customer'],
        ['p3', list('Output_1'), 'Customer'],
        ['a contact', list('Output_1'), 'Contact'],
      ],
    });
    fixture.putMetadata([['Output_1', null]]);
    const source = await fixture.open({
      segments: { one: { value: 'Output_1' }, named: { name: 'Mine', value: 'Output_1' } },
      members: { filter: "msdynci_segmentmembershiptype eq 'Customer'" },
    });
    expect((await source.describe()).segments.map(({ name }) => name)).toEqual(['one', 'Mine']);
    const attributes = ['score', 'active', 'note'];
    expect(await fixture.extract(source, ['one'], { attributes })).toMatchObject({
      members: [2],
      unmatched: [{ keys: 0, values: 0 }],
      rows: {
        p1: ['12.5', 'true', 'two\r\nlines, "quoted"'],
        p3: [null, null, ' blanks '],
      },
    });
  });

  test('goes on after a connection was lost in the middle, without a page twice or none', async () => {
    fixture.putPeople(8);
    const source = await fixture.open(SMALL);
    for (const fault of ['lost', 'half', 'half-json', { status: 503 }] as const) {
      failPage(3, fault);
      expect(await fixture.extract(source, ['all', 'even'])).toMatchObject({ selected: 8, members: [8, 4] });
    }
  });

  test('that fails is never a smaller source, and the next attempt goes on from the last complete page', async () => {
    fixture.putPeople(8);
    failPage(3, 'half', 4);
    await expect(fixture.extract(await fixture.open(SMALL), ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
    expect(await fixture.left()).toHaveLength(1);
    const before = fixture.pagesOf('msdynci_customerprofiles').length;
    // As the step does: another source, with the same configuration.
    const read = await fixture.extract(await fixture.open(SMALL), ['all']);
    expect(read).toMatchObject({ profiles: 8, selected: 8, members: [8] });
    expect(Object.keys(read.rows)).toHaveLength(8);
    expect(fixture.pagesOf('msdynci_customerprofiles').slice(before)).toEqual(['3', '4']);
    expect(await fixture.left()).toEqual([]);
  });

  test('begins again where the server does not know the link of an earlier attempt any longer', async () => {
    fixture.putPeople(6);
    failPage(3, { status: 503, retryAfter: 300 });
    await expect(fixture.extract(await fixture.open(SMALL), ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      details: { status: 503, retryAfterSeconds: 300 },
    });
    failPage(3, { status: 400, code: '0x80040203' });
    const before = fixture.pagesOf('msdynci_customerprofiles').length;
    expect(await fixture.extract(await fixture.open(SMALL), ['all'])).toMatchObject({ selected: 6 });
    expect(fixture.pagesOf('msdynci_customerprofiles').slice(before)).toEqual(['3', '1', '2', '3']);
  });

  test('deletes what was left two hours ago, and leaves alone what a process that runs is using', async () => {
    fixture.putPeople(2);
    await fixture.open();
    // A number that no process has, and that of one that runs.
    const [dead, alive] = [nameOf(2 ** 22 + 1), nameOf(process.ppid)];
    const longAgo = new Date(Date.now() - 3 * 60 * 60_000);
    for (const name of [dead, alive]) {
      await mkdir(join(fixture.scratch, name));
      await utimes(join(fixture.scratch, name), longAgo, longAgo);
    }
    await fixture.extract(await fixture.open(), ['all']);
    expect(await fixture.left()).toEqual([alive]);
    kept = 1;
  });

  test('gets a new token when the old one expires in the middle', async () => {
    fixture.putPeople(8);
    const { dataverse } = fixture;
    dataverse.before = ({ table, page }) => {
      if (table === PROFILES && page === 3) dataverse.expireTokens();
    };
    expect(await fixture.extract(await fixture.open(SMALL), ['all'])).toMatchObject({ selected: 8 });
    expect(dataverse.tokens).toBe(2);
    // By its lifetime, before the server refuses it.
    dataverse.before = () => undefined;
    dataverse.tokenSeconds = 1;
    const refused = dataverse.requests.length;
    expect(await fixture.extract(await fixture.open(SMALL), ['all'])).toMatchObject({ selected: 8 });
    expect(dataverse.requests.length).toBeGreaterThan(refused);
  });

  test('waits as long as Dataverse asks for, and so do other readings of the same user', async () => {
    fixture.putPeople(6);
    fixture.dataverse.limit = { requests: 9, seconds: 1 };
    const sources = [await fixture.open(SMALL), await fixture.open(SMALL)];
    const reads = await Promise.all(sources.map((source) => fixture.extract(source, ['all'])));
    expect(reads.map(({ selected }) => selected)).toEqual([6, 6]);
    // Each of the two may have had one request under way when the pause began.
    expect(fixture.dataverse.impatient).toBeLessThanOrEqual(1);
    expect(fixture.dataverse.requests.filter((one) => one.includes('/msdynci_')).length).toBeGreaterThan(9);
  });

  test('leaves a long pause to the export, which goes on after it', async () => {
    fixture.putPeople(6);
    failPage(2, { status: 429, code: '0x80072321', retryAfter: 290 });
    await expect(fixture.extract(await fixture.open(SMALL), ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(/limits the requests[^]*290 s/),
      details: { status: 429, retryAfterSeconds: 290 },
    });
    kept = 1;
    const { requests } = fixture.dataverse;
    const before = requests.length;
    // Going on while throttled would lengthen the wait.
    await expect(fixture.extract(await fixture.open(SMALL), ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      details: { status: 429 },
    });
    expect(requests.slice(before)).toEqual([]);
  });

  test('does not follow a link to another host, nor to another table, nor to itself', async () => {
    fixture.putPeople(4);
    const { dataverse } = fixture;
    for (const nextLink of [
      'https://collector.example.com/api/data/v9.2/msdynci_customerprofiles?$skiptoken=1',
      `${dataverse.url}/api/data/v9.2/contacts?$skiptoken=1`,
      `${dataverse.url}/api/data/v9.2/msdynci_customerprofiles?$select=${KEY},msdynci_email`,
    ]) {
      failPage(1, { nextLink }, 9);
      await expect(fixture.extract(await fixture.open(SMALL), ['all'])).rejects.toMatchObject({
        code: 'SOURCE_MALFORMED',
      });
    }
    failPage(1, { status: 307, location: `${dataverse.url}/api/data/v9.2/contacts` });
    await expect(fixture.extract(await fixture.open(SMALL), ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      details: { status: 307 },
    });
    expect(dataverse.requests.filter((one) => one.includes('contacts'))).toEqual([]);
  });

  test('ends within two seconds of a cancellation, whatever it waits for, and leaves no row', async () => {
    fixture.putPeople(6);
    const { dataverse } = fixture;
    const source = await fixture.open(SMALL);
    for (const fault of ['silent', { status: 429, retryAfter: 50 }] as const) {
      failPage(2, fault);
      const cancelling = new AbortController();
      const reading = fixture.extract(source, ['all'], { signal: cancelling.signal });
      const before = dataverse.requests.length;
      while (!dataverse.requests.slice(before).some((one) => one.includes('pagenumber="2"'))) await sleep(10);
      const start = performance.now();
      cancelling.abort();
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(await fixture.left()).toEqual([]);
    }
  });
});

describe('a refresh of Customer Insights', () => {
  test('in the middle of a reading has all of it read again', async () => {
    fixture.putPeople(6);
    const { dataverse } = fixture;
    let refreshes = 0;
    dataverse.before = ({ table, page }) => {
      if (table !== PROFILES || page !== 3 || refreshes > 0) return;
      refreshes += 1;
      fixture.putPeople(4, { modified: '2026-01-06T02:00:00Z' });
    };
    const source = await fixture.open(SMALL);
    expect(await fixture.extract(source, ['all'])).toMatchObject({ profiles: 4, selected: 4, members: [4] });
    expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual(['1', '2', '3', '1', '2']);
  });

  test('that is seen only by the times of segments has all of it read again too', async () => {
    fixture.putPeople(2);
    const { dataverse } = fixture;
    let refreshes = 0;
    dataverse.before = ({ table, isForTime }) => {
      if (table !== MEMBERS || isForTime || refreshes > 0) return;
      refreshes += 1;
      dataverse.put({
        name: METADATA,
        columns: ['mscipriv_name', 'mscipriv_friendlyname'],
        rows: [['all', 'All']],
        modified: '2026-01-06T02:00:00Z',
      });
    };
    await fixture.extract(await fixture.open(), ['all']);
    expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual(['1', '1']);
  });

  test('again and again is waited for, with nothing used', async () => {
    fixture.putPeople(2);
    let refreshes = 0;
    fixture.dataverse.before = ({ table, isForTime }) => {
      if (table !== PROFILES || isForTime) return;
      refreshes += 1;
      fixture.putPeople(2, { modified: `2026-01-06T02:00:0${refreshes}Z` });
    };
    const source = await fixture.open();
    await expect(fixture.extract(source, ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('each of the 3 times'),
    });
    expect(refreshes).toBe(3);
  });

  test('that is in progress is waited for, and no row is read', async () => {
    const now = new Date(Date.now() - 90_000).toISOString();
    fixture.putPeople(4, { modified: now });
    const source = await fixture.open({ quietMinutes: 20 });
    await expect(fixture.extract(source, ['all'])).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringMatching(/seems to be refreshing[^]*a minute ago[^]*20 minutes/),
      details: { quietMinutes: 20 },
    });
    expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual([]);
    expect(await fixture.extract(await fixture.open({ quietMinutes: 1 }), ['all'])).toMatchObject({
      selected: 4,
    });
    expect(await fixture.extract(await fixture.open({ quietMinutes: 0 }), ['all'])).toMatchObject({
      selected: 4,
    });
  });
});
