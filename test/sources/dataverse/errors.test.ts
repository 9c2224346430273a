import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DataverseSourceSchema } from '../../../src/config/dataverse-config';
import { Fixture, type Input, KEY, MEMBERS, METADATA, PROFILES } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
  fixture.putPeople(2);
});

afterEach(() => fixture.remove());

interface Case {
  readonly code: string;
  readonly message: RegExp;
  readonly prepare?: () => void | Promise<void>;
  readonly input?: Input;
}

const CASES: Readonly<Record<string, Case>> = {
  'a wrong secret': {
    code: 'SOURCE_UNREADABLE',
    message: /invalid_client, AADSTS7000215[^]*file:secret is wrong or has expired/,
    prepare: () => writeFile(join(fixture.folder, 'secret'), 'not-the-secret'),
  },
  'a secret that is not there': {
    code: 'SECRET_UNAVAILABLE',
    message: /file:absent/,
    input: { clientSecret: 'file:absent' },
  },
  'an application that the tenant does not have': {
    code: 'SOURCE_UNREADABLE',
    message: /unauthorized_client, AADSTS700016[^]*registered in this tenant/,
    input: { clientId: 'another' },
  },
  'another tenant': {
    code: 'SOURCE_UNREADABLE',
    message: /invalid_request, AADSTS90002[^]*tenantId/,
    input: { tenantId: 'other.example' },
  },
  'an address that is no environment of the tenant': {
    code: 'SOURCE_UNREADABLE',
    message: /AADSTS500011[^]*no environment of this tenant/,
    prepare: () => void fixture.dataverse.tokenFaults.push(['invalid_resource', 'AADSTS500011']),
  },
  'an application that is no user of the environment': {
    code: 'SOURCE_UNREADABLE',
    message: /403, 0x80072560[^]*Application users/,
    prepare: () => void (fixture.dataverse.isUser = false),
  },
  'a role without a table': {
    code: 'SOURCE_UNREADABLE',
    message: /members \(msdynci_segmentmembership\)[^]*privilege prvReadmsdynci_segmentmembership\./,
    prepare: () => void fixture.dataverse.denied.add(MEMBERS),
  },
  'a table that is not there': {
    code: 'SOURCE_UNREADABLE',
    message: /profiles \(new_people\)[^]*404[^]*no such table/,
    input: { profiles: { table: 'new_people' } },
  },
  'a key that the table does not have': {
    code: 'SOURCE_MALFORMED',
    message: /no column "msdynci_customer"[^]*Did you mean "msdynci_customerid"/,
    input: { profiles: { key: 'msdynci_customer' } },
  },
  'a filter that Dataverse does not take': {
    code: 'SOURCE_UNREADABLE',
    message: /no column "nothing"/,
    input: { profiles: { filter: "nothing eq 'x'" } },
  },
  'a segment that Customer Insights does not have': {
    code: 'SEGMENT_NOT_FOUND',
    message: /no segment "al", which the segment "mine"[^]*Did you mean "all"/,
    input: { segments: { mine: { value: 'al' }, all: {} } },
  },
  'a table without times': {
    code: 'SOURCE_UNREADABLE',
    message: /no column modifiedon[^]*quietMinutes: 0/,
    prepare: () => fixture.putPeople(2, { modified: null }),
  },
  'a list that is none': {
    code: 'SOURCE_MALFORMED',
    message: /no JSON list of segments/,
    prepare: () =>
      fixture.dataverse.put({ name: MEMBERS, columns: [KEY, 'msdynci_segments'], rows: [['p1', 'ann']] }),
  },
  'a key in two rows': {
    code: 'SOURCE_KEY_NOT_UNIQUE',
    message: /one row repeats/,
    prepare: () => fixture.dataverse.put({ name: PROFILES, columns: [KEY], rows: [['p1'], ['p1']] }),
  },
  'a row that is longer than DuckDB reads': {
    code: 'SOURCE_MALFORMED',
    message: /profiles \(msdynci_customerprofile\): a row is longer than 7\.9 MB/,
    prepare: () => putLong(1, 8_000_000),
  },
  'a page that would fill the memory': {
    code: 'SOURCE_UNREADABLE',
    message: /a page is longer than 64 MB[^]*pageSize[^]*than 5000/,
    prepare: () => putLong(9, 7_500_000),
  },
  'a NUL in a value': {
    code: 'SOURCE_MALFORMED',
    message: /"msdynci_customerid" has a NUL/,
    prepare: () => fixture.dataverse.put({ name: PROFILES, columns: [KEY], rows: [['p\0']] }),
  },
  'a token that is never accepted': {
    code: 'SOURCE_UNREADABLE',
    message: /401[^]*not even a new one/,
    prepare: () => void (fixture.dataverse.tokenSeconds = 0),
  },
};

/** Rows with a key of so many characters. */
function putLong(rows: number, length: number): void {
  const key = 'x'.repeat(length);
  const row = (index: number) => ({ [KEY]: `${key}${index}` });
  fixture.dataverse.put({ name: PROFILES, columns: [KEY], count: rows, row });
}

test.each(Object.entries(CASES))(
  '%s is refused with what to do',
  async (_, { code, message, prepare, input = {} }) => {
    await prepare?.();
    const source = await fixture.open(input);
    const ids = Object.keys(input.segments ?? { all: {} });
    const request = { attributes: [] };
    const error: unknown = await fixture.extract(source, ids, request).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    const text = inspect(error, { depth: 9 });
    expect(text).not.toContain(fixture.dataverse.credentials.clientSecret);
    expect(text).not.toMatch(/not-the-secret|token-[0-9a-f]|nordlichtpost/);
    expect(await fixture.left()).toEqual([]);
  },
);

test('a server that is no Dataverse environment is named, and one that is away is waited for', async () => {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;
  const extract = async () => fixture.extract(await fixture.open({ authority: url }), ['all']);
  await expect(extract()).rejects.toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('Check authority and tenantId'),
  });
  await new Promise((resolve) => server.close(resolve));
  await expect(extract()).rejects.toMatchObject({
    code: 'SOURCE_UNAVAILABLE',
    details: { reason: 'ECONNREFUSED' },
  });
});

test('all problems of a source are found at once, each at its place', async () => {
  const { dataverse } = fixture;
  dataverse.denied.add(PROFILES);
  const source = await fixture.open({
    members: { segments: 'msdynci_segment' },
    segments: { all: {}, evan: {} },
  });
  const problems = async () => (await source.findProblems()).map(({ at, error }) => [at, error.code]);
  expect(await problems()).toEqual([
    ['profiles', 'SOURCE_UNREADABLE'],
    ['members', 'SOURCE_MALFORMED'],
    ['segments.evan', 'SEGMENT_NOT_FOUND'],
  ]);
  dataverse.put({ name: METADATA, columns: ['title'] });
  expect(await problems()).toEqual([
    ['profiles', 'SOURCE_UNREADABLE'],
    ['members', 'SOURCE_MALFORMED'],
    ['metadata', 'SOURCE_MALFORMED'],
  ]);
  dataverse.tokenFaults.push(['invalid_client', 'AADSTS7000222']);
  const other = await fixture.open();
  expect((await other.findProblems()).map(({ at, error }) => [at, error.code])).toEqual([
    ['', 'SOURCE_UNREADABLE'],
  ]);
});

const problemsOf = (more: object) =>
  DataverseSourceSchema.safeParse({ ...fixture.input(), ...more }).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('a configuration', () => {
  test('with an address that would send a token unencrypted, or to another place, is refused', () => {
    for (const url of [
      'http://contoso.crm.dynamics.com',
      'contoso.crm.dynamics.com',
      'ftp://contoso.crm.dynamics.com',
      'https://a:b@contoso.crm.dynamics.com',
      'https://contoso.crm.dynamics.com/main.aspx',
    ])
      expect(problemsOf({ url })).toEqual([expect.stringMatching(/^url: .*https:\/\//)]);
    for (const url of ['https://contoso.crm4.dynamics.com', 'https://contoso.crm4.dynamics.com/'])
      expect(problemsOf({ url })).toBeUndefined();
  });

  test('with a secret in it, or without segments where none are listed, is refused', () => {
    expect(problemsOf({ clientSecret: 'abc~secret' })).toEqual([expect.stringContaining('clientSecret')]);
    expect(problemsOf({ metadata: false })).toEqual([expect.stringContaining('name the segments')]);
    expect(problemsOf({ members: { segment: 'a', segments: 'b' } })).toHaveLength(1);
  });
});
