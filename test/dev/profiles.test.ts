import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { secretResolver } from '../../src/config/secrets';
import { FilesSourceSchema } from '../../src/config/source-config';
import { type GeneratedProfiles, generateProfiles } from '../../src/dev/profiles';
import { openDatabase } from '../../src/duckdb/open';
import { openSource } from '../../src/sources';

const PROFILES = 20_000;

let folder: string;
let generated: GeneratedProfiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profiles-'));
  generated = await generateProfiles({ profiles: PROFILES, seed: 1, folder: join(folder, 'one') });
});
afterAll(() => rm(folder, { recursive: true }));

async function digests({ profilesFile, membershipFile }: GeneratedProfiles): Promise<string[]> {
  const files = await Promise.all([readFile(profilesFile), readFile(membershipFile)]);
  return files.map((content) => createHash('sha256').update(content).digest('hex'));
}

describe('Generated profiles', () => {
  test('are the same for the same seed, also over existing files, and differ for another seed', async () => {
    const first = await digests(generated);
    const again = await generateProfiles({ profiles: PROFILES, seed: 1, folder: join(folder, 'one') });
    expect(await digests(again)).toEqual(first);
    const other = await generateProfiles({ profiles: PROFILES, seed: 2, folder: join(folder, 'two') });
    const [profiles, memberships] = await digests(other);
    expect(first).not.toContain(profiles);
    expect(first).not.toContain(memberships);
  });

  test('are read completely, with segments of the documented sizes', async () => {
    const members = { path: generated.membershipFile, key: 'CustomerId', segment: 'Segment' };
    const config = FilesSourceSchema.parse({
      kind: 'files',
      profiles: { path: generated.profilesFile, key: 'CustomerId' },
      segments: Object.fromEntries(generated.segments.map((segment) => [segment, { members }])),
    });
    const source = await openSource(config, {
      baseFolder: folder,
      memoryLimit: '128MB',
      scratch: join(folder, 'scratch'),
      secrets: secretResolver(folder),
    });
    const check = await source.check();
    await source.close();
    expect(check).toMatchObject({ profiles: PROFILES, unreadable: [] });
    const percents = check.members.map(({ profiles }) => (100 * profiles) / PROFILES);
    [100, 80, 50, 40, 30, 25, 20, 10, 5, 1].forEach((percent, index) => {
      expect(Math.abs((percents[index] ?? 0) - percent)).toBeLessThan(1);
    });
  });

  test('have the documented data errors, at domains that are not test domains', async () => {
    const database = await openDatabase({
      folder: join(folder, 'work'),
      memoryLimit: '128MB',
      allow: [folder],
    });
    const counts = await database.row<Record<string, number>>(`
      WITH p AS (
        SELECT *, lower(trim(Email)) AS address, count(*) OVER (PARTITION BY lower(trim(Email))) AS same
        FROM read_csv('${generated.profilesFile}', all_varchar = true, header = true, delim = ',', quote = '"')
      )
      SELECT
        count(DISTINCT CustomerId) FILTER (regexp_full_match(CustomerId, '[0-9a-f]{32}')) AS keys,
        count(*) FILTER (Email IS NULL) AS without,
        count(*) FILTER (NOT regexp_full_match(address, '[a-z0-9]+(\\.[a-z0-9]+)*@[a-z-]+(\\.[a-z]+)+')) AS broken,
        count(*) FILTER (Email = upper(Email) AND same > 1) AS repeated,
        count(*) FILTER (Email = upper(Email) AND same = 1) AS alone,
        count(*) FILTER (Email <> trim(Email)) AS padded,
        count(*) FILTER (contains(LastName, ',')) AS commas,
        count(*) FILTER (contains(FirstName, chr(10))) AS breaks,
        count(*) FILTER (regexp_matches(FirstName, '[\\p{Han}\\p{Cyrillic}\\p{Arabic}\\p{Greek}\\p{Hangul}]')) AS scripts,
        count(*) FILTER (regexp_matches(address, '@(example|test|invalid|localhost)|\\.(example|test|invalid)$')) AS fake
      FROM p`);
    await database.close();
    const percent = (name: string) => (100 * (counts[name] ?? 0)) / PROFILES;
    expect(counts).toMatchObject({ keys: PROFILES, fake: 0, alone: 0 });
    expect(percent('without')).toBeCloseTo(3, 0);
    expect(percent('broken')).toBeCloseTo(1, 0);
    expect(percent('repeated')).toBeCloseTo(4, 0);
    expect(percent('padded')).toBeCloseTo(1.6, 0);
    for (const dirt of ['commas', 'breaks', 'scripts']) expect(counts[dirt]).toBeGreaterThan(0);
  });
});
