import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupField, LANGUAGE } from '../../../src/contract/merge-field';
import { type Database } from '../../../src/duckdb/database';
import { openDatabase } from '../../../src/duckdb/open';
import { matchedColumn } from '../../../src/staging/plan/attributes';
import { LANGUAGES } from '../../../src/staging/plan/languages';
import { wireJson, type WireMatch, wireValue } from '../../../src/staging/plan/wire-values';
import * as fc from '../../support/fast-check';
import { match } from '../stage';

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matched-'));
  database = await openDatabase({ folder, memoryLimit: '128MB', allow: [] });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const PARTS = ['addr1', 'addr2', 'city', 'state', 'zip', 'country'] as const;
const NEEDED = ['addr1', 'city', 'state', 'zip'] as const;
const ADDRESS: WireMatch = {
  ...match('addr1', 'ADDRESS', { type: 'address' }),
  address: Object.fromEntries(PARTS.map((part) => [part, part])) as WireMatch['address'],
};
const GROUP: WireMatch = { attribute: 'addr1', field: groupField({ id: 'abc', name: 'News/Weekly' }) };
const SPEAKS: WireMatch = { attribute: 'addr1', field: LANGUAGE };

interface Sent {
  readonly json: string | null;
  readonly hash: string | null;
}

/** What is sent for rows of texts, each with the parts in their order. */
async function sent(matched: WireMatch, rows: readonly (readonly (string | null)[])[]): Promise<Sent[]> {
  const columns = PARTS.map((_, index) => `a${index} VARCHAR`);
  await database.run(`CREATE OR REPLACE TABLE given (place INTEGER, ${columns.join(', ')})`);
  await database.append(
    'given',
    rows.map((row, place) => [place, ...row]),
  );
  const { text, hash } = wireValue(matchedColumn(PARTS, matched), matched);
  return database.rows<Sent>(
    `SELECT ${wireJson(`(${text})`, matched.field)} AS json, (${hash})::VARCHAR AS hash FROM given ORDER BY place`,
  );
}

const text = fc.oneof(
  fc.constantFrom(
    null,
    '',
    ' ',
    '\u00A0',
    '1 "Main" St',
    "O'Neil\\",
    'Zoë\n',
    '8010',
    ' yes',
    'NO',
    '1',
    'de-AT',
    'pt_pt',
  ),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
);
const row = fc.tuple(text, text, text, text, text, text);
const rows = fc.array(row, { minLength: 20, maxLength: 60, size: 'max' });

const trimmed = (value: string | null) =>
  (value ?? '').replaceAll(/^[\s\u0085\u200B\uFEFF]+|[\s\u0085\u200B\uFEFF]+$/gu, '');
const OPTIONS = { numRuns: 10 };

/** Equal values have equal hashes, others do not; a hash of 0 says that a value does not fit. */
function checkHashes(found: readonly Sent[]): void {
  const byHash = new Map<string, string>();
  for (const { json, hash } of found) {
    expect(json === null).toBe(hash === null || hash === '0');
    if (json === null || hash === null) continue;
    expect(byHash.get(hash) ?? json).toBe(json);
    byHash.set(hash, json);
  }
  expect(new Set(byHash.values()).size).toBe(byHash.size);
}

test('an address is sent with all its parts or not at all, whatever is in them', async () => {
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const found = await sent(ADDRESS, given);
      checkHashes(found);
      for (const [place, { json }] of found.entries()) {
        const parts = Object.fromEntries(PARTS.map((part, index) => [part, trimmed(given[place]![index]!)]));
        const isWhole = NEEDED.every((part) => parts[part] !== '');
        const kept = Object.entries(parts).filter(([, value]) => value !== '');
        const read = json === null ? null : (JSON.parse(json) as object);
        expect(read).toEqual(isWhole ? Object.fromEntries(kept) : null);
      }
    }),
    OPTIONS,
  );
});

test('a group is true, false or not sent, and a language is one of those that Mailchimp has, whatever the text', async () => {
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const groups = await sent(GROUP, given);
      checkHashes(groups);
      for (const [place, { json }] of groups.entries()) {
        const word = trimmed(given[place]![0]).toLowerCase();
        const isYes = ['true', 'yes', 'y', 't', '1', 'on'].includes(word);
        const isNo = ['false', 'no', 'n', 'f', '0', 'off'].includes(word);
        expect(json).toBe(isYes ? 'true' : isNo ? 'false' : null);
      }
      const languages = await sent(SPEAKS, given);
      checkHashes(languages);
      const codes = languages.flatMap(({ json }) => (json === null ? [] : [JSON.parse(json) as string]));
      expect(codes.filter((code) => !LANGUAGES.includes(code))).toEqual([]);
    }),
    OPTIONS,
  );
});
