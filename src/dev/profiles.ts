import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../duckdb/database';
import { openDatabase } from '../duckdb/open';
import { quoteText, quoteTexts } from '../duckdb/quote';

export interface GenerateOptions {
  readonly profiles: number;
  /** The same seed gives the same files, byte for byte. */
  readonly seed: number;
  /** Created if absent. Its `profiles.csv` and `memberships.csv` are replaced. */
  readonly folder: string;
}

export interface GeneratedProfiles {
  /** CustomerId, Email, FirstName, LastName, Country, City, LoyaltyTier, BirthDate. */
  readonly profilesFile: string;
  /** CustomerId, Segment: one line for each segment of a profile. */
  readonly membershipFile: string;
  /** In descending order of size; the first contains all profiles. */
  readonly segments: string[];
}

/** Each segment with its share of the profiles, in percent. */
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

// Invented domains rather than test domains: Mailchimp rejects example.com and the like as fake.
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

/** Profiles with this `kind` or a higher one have a valid address of their own. */
const OWN_ADDRESS = 80;

/**
 * Writes profiles with the data errors of real ones: of 100, three have no address, one has an invalid address, four have the address
 * of another profile in different case, and some have an address with spaces around it. Names contain commas, quotes, line breaks and
 * non-Latin scripts. A million profiles take a few seconds.
 */
export async function generateProfiles(options: GenerateOptions): Promise<GeneratedProfiles> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const profilesFile = join(folder, 'profiles.csv');
  const membershipFile = join(folder, 'memberships.csv');
  // With one thread, rows are written in the order of their generation.
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
 * One row per profile, with the numbers that determine it: `kind` (0 to 999), `name`, from which both the name and the address are
 * made, and `twin`, the nearest profile with its own address, whose address a duplicate gets.
 * Randomness comes from MD5, which is the same in every version of DuckDB.
 */
async function draw(database: Database, { profiles, seed }: GenerateOptions): Promise<void> {
  await database.run(`
    CREATE MACRO pick(list, number) AS list[1 + (number % len(list))];
    -- Signed: DuckDB calculates mixed signed and unsigned numbers with 128 bits, which is many times slower.
    CREATE MACRO number(purpose, i) AS (md5_number_lower('${seed} ' || purpose || ' ' || i) // 2)::BIGINT;
    CREATE MACRO address(i, name) AS
      lower(pick(${quoteTexts(LATIN_NAMES[0])}, name) || '.' || pick(${quoteTexts(LATIN_NAMES[1])}, name // 100))
      || i || '@' || pick(${quoteTexts(DOMAINS)}, name // 10000);
    CREATE TABLE drawn AS
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
    FROM drawn`;
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
  // Two digits of the same number decide for each segment, so that segments overlap at random.
  const rows = SEGMENTS.map(
    ([segment, percent], index) => `(${quoteText(segment)}, ${percent}, ${10 ** Math.max(0, 2 * index - 2)})`,
  );
  return `
    SELECT id AS CustomerId, segment AS Segment
    FROM drawn, (VALUES ${rows.join(', ')}) s(segment, percent, place)
    WHERE percent = 100 OR chance // place % 100 < percent`;
}

async function copy(database: Database, select: string, file: string): Promise<void> {
  await database.run(`COPY (${select}) TO ${quoteText(file)} (FORMAT csv, HEADER)`);
}
