import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../duckdb/database';
import { openDatabase } from '../duckdb/open';
import { quoteText, quoteTexts } from '../duckdb/quote';

export interface GenerateOptions {
  readonly profiles: number;
  /** The same seed makes the same files, byte for byte. */
  readonly seed: number;
  /** Made if absent. `profiles.csv` and `memberships.csv` in it are replaced. */
  readonly folder: string;
}

export interface GeneratedProfiles {
  /** CustomerId, Email, FirstName, LastName, Country, City, LoyaltyTier, BirthDate. */
  readonly profilesFile: string;
  /** CustomerId, Segment: a line for each segment that a profile is in. */
  readonly membershipFile: string;
  /** In falling order of size; the first holds everybody. */
  readonly segments: string[];
}

/** Segment and how many of a hundred profiles are in it. */
const SEGMENTS: readonly (readonly [string, number])[] = [
  ['all-customers', 100],
  ['newsletter-readers', 80],
  ['app-users', 50],
  ['repeat-buyers', 40],
  ['spring-campaign', 30],
  ['loyal-customers', 25],
  ['frequent-travellers', 20],
  ['churn-risk', 10],
  ['vip', 5],
  ['founders-club', 1],
];

// Made up, and nobody's test domain: Mailchimp refuses example.com and its like as fake.
const DOMAINS = [
  'nordlichtpost.de',
  'bluebarnmail.com',
  'postkasten-online.de',
  'correiovivo.com.br',
  'lettresdusud.fr',
  'maplewire.ca',
  'posteverde.it',
  'hollandbrief.nl',
  'kestrelmail.co.uk',
  'fjordkontor.no',
  'sakurabox.jp',
  'oakridgehomes.us',
];

const LATIN_NAMES = [
  [
    'Anna',
    'Ben',
    'Chiara',
    'David',
    'Eva',
    'Felix',
    'Greta',
    'Henrik',
    'Isabel',
    'Jonas',
    'Katharina',
    'Liam',
  ],
  [
    'Becker',
    'Costa',
    'Dubois',
    'Evans',
    'Fischer',
    'Garcia',
    'Hansen',
    'Ivanova',
    'Jansen',
    'Kowalski',
    'Larsson',
    'Moreau',
  ],
] as const;

const OTHER_NAMES = [
  ['山田', 'Ольга', 'محمد', 'Ελένη', 'Zoë', 'Łukasz', '민준', 'Søren'],
  ['太郎', 'Петрова', 'الأحمد', 'Παπαδοπούλου', 'Müller-Lüdenscheidt', 'Żółkowski', '김', "O'Brien"],
] as const;

const COUNTRIES = [
  'Germany',
  'USA',
  'France',
  'Brazil',
  'United Kingdom',
  'Italy',
  'Netherlands',
  'Norway',
  'Japan',
  'Canada',
];
const CITIES = [
  'Hamburg',
  'Portland',
  'Lyon',
  'São Paulo',
  'Leeds',
  'Torino',
  'Utrecht',
  'Bergen',
  '大阪市',
  'Montréal',
];

/** Least `kind` of a profile with an address that is good and its own. */
const OWN_ADDRESS = 80;

/**
 * Writes profiles as dirty as real ones: of 100, three have no address, one a broken one, four the address of another profile in
 * other case, some an address with blanks around it; names with commas, quotes and line breaks, and in other scripts.
 * A million take a few seconds.
 */
export async function generateProfiles(options: GenerateOptions): Promise<GeneratedProfiles> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const profilesFile = join(folder, 'profiles.csv');
  const membershipFile = join(folder, 'memberships.csv');
  // One thread writes rows in the order in which they are made.
  const database = await openDatabase({ folder, memoryLimit: '256MB', threads: 1, allow: [folder] });
  try {
    await draw(database, options);
    await copy(database, selectProfiles(), profilesFile);
    await copy(database, selectMemberships(), membershipFile);
  } finally {
    await database.close();
  }
  return { profilesFile, membershipFile, segments: SEGMENTS.map(([segment]) => segment) };
}

/**
 * A row a profile, with the numbers that decide about it: `kind` of 1000, `name` so that the address fits the name, `twin`, the
 * nearest profile with an address of its own, which a duplicate has too.
 * All chance comes from MD5, since it is the same in every version of DuckDB.
 */
async function draw(database: Database, { profiles, seed }: GenerateOptions): Promise<void> {
  await database.run(`
    CREATE MACRO pick(list, number) AS list[1 + (number % len(list))];
    -- Signed: DuckDB calculates a mixture of signed and unsigned with 128 bits, many times slower.
    CREATE MACRO number(purpose, i) AS (md5_number_lower('${seed} ' || purpose || ' ' || i) // 2)::BIGINT;
    CREATE MACRO address(i, name) AS
      lower(pick(${quoteTexts(LATIN_NAMES[0])}, name) || '.' || pick(${quoteTexts(LATIN_NAMES[1])}, name // 100))
      || i || '@' || pick(${quoteTexts(DOMAINS)}, name // 10000);
    CREATE TABLE people AS
      SELECT *, max(CASE WHEN kind >= ${OWN_ADDRESS} THEN i END) OVER (ORDER BY i ROWS UNBOUNDED PRECEDING) AS twin
      FROM (
        SELECT *, (more // 1000000000 % 1000)::INTEGER AS kind
        FROM (
          SELECT i, md5('${seed} customer ' || i) AS id, number('name', i) AS name, number('more', i) AS more,
            number('segments', i) AS chance
          FROM range(${profiles}) r(i)
        ))`);
}

function selectProfiles(): string {
  return `
    SELECT id AS CustomerId, ${emailSql()} AS Email, ${nameSql(0, 'name')} AS FirstName,
      ${nameSql(1, 'name // 100')} AS LastName, pick(${quoteTexts(COUNTRIES)}, more) AS Country,
      pick(${quoteTexts(CITIES)}, more) AS City, pick(['Bronze', 'Silver', 'Gold', NULL], more // 100) AS LoyaltyTier,
      CASE WHEN more // 1000 % 10 < 8 THEN DATE '1940-01-01' + (more // 10000 % 25000)::INTEGER END AS BirthDate
    FROM people`;
}

function emailSql(): string {
  return `
    CASE
      WHEN kind < 30 THEN NULL
      WHEN kind < 32 THEN 'customer' || i
      WHEN kind < 34 THEN 'customer' || i || '@'
      WHEN kind < 36 THEN 'customer ' || i || '@' || pick(${quoteTexts(DOMAINS)}, name // 10000)
      WHEN kind < 38 THEN replace(address(i, name), '.', '..')
      WHEN kind < 40 THEN 'jürgen' || i || '@' || pick(${quoteTexts(DOMAINS)}, name // 10000)
      WHEN kind < ${OWN_ADDRESS} AND twin IS NOT NULL THEN upper(address(twin, number('name', twin)))
      WHEN kind < 96 THEN '  ' || address(i, name) || ' '
      ELSE address(i, name)
    END`;
}

function nameSql(which: 0 | 1, number: string): string {
  const latin = `pick(${quoteTexts(LATIN_NAMES[which])}, ${number})`;
  return `
    CASE
      WHEN kind % 25 = 3 THEN pick(${quoteTexts(OTHER_NAMES[which])}, ${number})
      WHEN kind % 100 = 7 THEN ${latin} || ', Jr.'
      WHEN kind % 100 = 8 THEN ${latin} || ' "${which === 0 ? 'Chris' : 'the Elder'}"'
      WHEN kind % 500 = 9 THEN ${latin} || chr(10) || 'c/o Reception'
      WHEN kind % 50 = 11 THEN NULL
      ELSE ${latin}
    END`;
}

function selectMemberships(): string {
  // Two digits of the same number decide about each segment, so that segments overlap as chance will have it.
  const rows = SEGMENTS.map(
    ([segment, percent], index) => `(${quoteText(segment)}, ${percent}, ${10 ** Math.max(0, 2 * index - 2)})`,
  );
  return `
    SELECT id AS CustomerId, segment AS Segment
    FROM people, (VALUES ${rows.join(', ')}) s(segment, percent, place)
    WHERE percent = 100 OR chance // place % 100 < percent`;
}

async function copy(database: Database, select: string, file: string): Promise<void> {
  await database.run(`COPY (${select}) TO ${quoteText(file)} (FORMAT csv, HEADER)`);
}
