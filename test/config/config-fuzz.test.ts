import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/config-file';
import { ExportError } from '../../src/errors';
import * as fc from '../support/fast-check';

/** More with e.g. `FUZZ_RUNS=100000 npx jest test/config`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 500);
const TIMEOUT_MS = 60_000 + RUNS * 20;
const SECRET = 'secretkey0123456789-us21';

const VALID = {
  temporal: { address: 'localhost:7233', namespace: 'default', taskQueue: 'mailchimp' },
  staging: { folder: 'staging', keepDays: 30, keepExports: 100, memoryLimit: '256MB' },
  accounts: { main: { apiKey: 'env:MAILCHIMP_KEY', connections: 8 } },
  sources: {
    people: {
      kind: 'files',
      profiles: { path: 'profiles.csv', key: 'id', csv: { delimiter: ';', nullText: ['NULL'] } },
      segments: {
        vip: { members: { path: 'members.csv', key: 'id', segment: 'segment' } },
        recent: { sql: 'SELECT id FROM profiles' },
      },
    },
  },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A valid configuration, or why a text is none. Any other error is thrown: it would be a crash. */
async function outcomeOf(text: string): Promise<string> {
  const path = join(folder, 'temporal-mailchimp.yaml');
  await writeFile(path, text);
  try {
    await loadConfig(path);
    return 'valid';
  } catch (error) {
    if (!(error instanceof ExportError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.message;
  }
}

/** Paths of all values in a tree. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...path]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], path, by);
  return copy;
}

const odd = fc.oneof(
  fc.constantFrom(
    null,
    '',
    [],
    {},
    -1,
    1e300,
    true,
    '__proto__',
    '\u0000',
    '.inf',
    SECRET,
    'env:',
    'file:../x',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

test(
  'of any value in any place, a configuration is valid or invalid by name',
  async () => {
    expect(await outcomeOf(stringify(VALID))).toBe('valid');
    const given = fc.tuple(fc.constantFrom(...pathsOf(VALID)), odd);
    await fc.assert(
      fc.asyncProperty(given, async ([path, value]) => {
        const outcome = await outcomeOf(stringify(replaced(VALID, path, value)));
        expect(outcome).toMatch(/^valid$|^The configuration file /);
        expect(outcome).not.toContain(SECRET);
      }),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);

test(
  'of any text, a configuration is valid or invalid by name',
  async () => {
    const text = stringify(VALID);
    const pieces = fc.constantFrom(
      '*a',
      '&a ',
      '!!set ',
      '<<: ',
      '- ',
      '? ',
      '|',
      '"',
      "'",
      '{',
      '[',
      '\t',
      '\r',
      '%',
      '---\n',
      '#',
    );
    const given = fc.tuple(fc.nat(text.length), fc.nat(8), fc.oneof(pieces, fc.string({ unit: 'binary' })));
    await fc.assert(
      fc.asyncProperty(given, async ([at, length, insert]) => {
        const outcome = await outcomeOf(text.slice(0, at) + insert + text.slice(at + length));
        expect(outcome).toMatch(/^valid$|^The configuration file /);
      }),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);
