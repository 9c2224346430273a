import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database } from '../../../src/duckdb/database';
import { openDatabase } from '../../../src/duckdb/open';
import { brokenRule, createIdn, toAsciiDomain, withAddress } from '../../../src/staging/plan/address';

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'address-'));
  database = await openDatabase({ folder, memoryLimit: '128MB', allow: [] });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

interface Judged {
  readonly address: string | null;
  readonly rule: string | null;
}

async function judge(texts: readonly (string | null)[]): Promise<readonly Judged[]> {
  await database.run('CREATE OR REPLACE TABLE given (place INTEGER, email VARCHAR)');
  await database.append(
    'given',
    texts.map((text, place) => [place, text]),
  );
  await createIdn(database, { from: 'given', text: 'email' });
  return database.rows<Judged>(
    `SELECT address, ${brokenRule('stripped', 'address')} AS rule FROM ${withAddress('given', 'email')} ORDER BY place`,
  );
}

const LABEL_63 = 'a'.repeat(63);

describe('an address', () => {
  const good: readonly (readonly [given: string, address: string])[] = [
    ['Jane.Doe@Mail.Test', 'jane.doe@mail.test'],
    [' \t\r\n\u00A0\u3000\u200B\uFEFFjane@mail.test\u0085\u2028\u000B\u200B ', 'jane@mail.test'],
    ["o'brien+news/x=y#1@mail.test", "o'brien+news/x=y#1@mail.test"],
    ['{a|b}~^`?@mail.test', '{a|b}~^`?@mail.test'],
    ['jane@münchen.de', 'jane@xn--mnchen-3ya.de'],
    ['JANE@MÜNCHEN.DE', 'jane@xn--mnchen-3ya.de'],
    ['jane@例え。テスト', 'jane@xn--r8jz45g.xn--zckzah'],
    [`jane@${LABEL_63}.test`, `jane@${LABEL_63}.test`],
    [`${'l'.repeat(64)}@mail.test`, `${'l'.repeat(64)}@mail.test`],
    ['jane@mail.x', 'jane@mail.x'],
    ['jane@mail.xn--p1ai', 'jane@mail.xn--p1ai'],
  ];
  test.each(good)('%j is sent as %s', async (given, address) => {
    expect(await judge([given])).toEqual([{ address, rule: null }]);
  });

  const bad: readonly (readonly [given: string | null, rule: string])[] = [
    ["'jane@mail.test", 'email_malformed'],
    [null, 'email_missing'],
    ['', 'email_missing'],
    [' \u200B\t', 'email_missing'],
    ['n/a', 'email_malformed'],
    ['jane', 'email_malformed'],
    ['jane@', 'email_malformed'],
    ['@mail.test', 'email_malformed'],
    ['jane@localhost', 'email_malformed'],
    ['jane@192.168.0.1', 'email_malformed'],
    ['.jane@mail.test', 'email_malformed'],
    ['jane.@mail.test', 'email_malformed'],
    ['ja..ne@mail.test', 'email_malformed'],
    ['ja ne@mail.test', 'email_malformed'],
    ['jane@mail-.test', 'email_malformed'],
    ['jane@mail.test.', 'email_malformed'],
    ['jane@ma_il.test', 'email_malformed'],
    ['jane@@mail.test', 'email_malformed'],
    ['Jane <jane@mail.test>', 'email_malformed'],
    [`jane@${LABEL_63}a.test`, 'email_malformed'],
    ['jane@münchen.de/path', 'email_malformed'],
    ['jane@münchen.de:80', 'email_malformed'],
    ['jane@münchen', 'email_malformed'],
    ['jane@mail.test; bob@mail.test', 'email_two_addresses'],
    ['jane@mail.test,bob@mail.test', 'email_two_addresses'],
    ['jane@mail.test bob@mail.test', 'email_two_addresses'],
    ['jane@mail.test/bob@mail.test', 'email_two_addresses'],
    ['josé@mail.test', 'email_non_ascii_local_part'],
    ['jo\u200Bse@mail.test', 'email_non_ascii_local_part'],
    ['josé@münchen.de', 'email_non_ascii_local_part'],
    [`${'l'.repeat(65)}@mail.test`, 'email_too_long'],
    [`jane@${`${'d'.repeat(60)}.`.repeat(4)}testing`, 'email_too_long'],
  ];
  test.each(bad)('%j is refused: %s', async (given, rule) => {
    expect(await judge([given])).toEqual(
      [{ address: expect.anything(), rule }].map((judged) =>
        given === null ? { ...judged, address: null } : judged,
      ),
    );
  });

  test('never becomes that of another contact by lower-casing letters that are not ASCII', async () => {
    const judged = await judge(['\u212Aate@mail.test', '\u0130da@mail.test']);
    expect(judged.map(({ rule }) => rule)).toEqual([
      'email_non_ascii_local_part',
      'email_non_ascii_local_part',
    ]);
  });

  test('is found among more foreign domains than are converted at once', async () => {
    const texts = Array.from({ length: 5_001 }, (_, index) => `a@ü${index}.test`);
    const judged = await judge(texts);
    expect(judged.every(({ rule, address }) => rule === null && address?.startsWith('a@xn--'))).toBe(true);
  });
});

test('a domain with a port or a path has no ASCII form, and an impossible one neither', () => {
  expect(['münchen.de', 'münchen.de:80', 'münchen.de/x', 'xn--ü'].map(toAsciiDomain)).toEqual([
    'xn--mnchen-3ya.de',
    null,
    null,
    null,
  ]);
});
