import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { DataverseSourceSchema } from '../../src/config/dataverse-config';
import { PostgresSourceSchema } from '../../src/config/postgres-config';
import { secretResolver } from '../../src/config/secrets';
import { FilesSourceSchema, type SourceConfig, SourcesSchema } from '../../src/config/source-config';
import { SqlSourceSchema } from '../../src/config/sql-config';
import { type GeneratedProfiles, generateProfiles } from '../../src/dev/profiles';
import { openSource } from '../../src/sources';
import { startS3, type TestStore } from '../../test/support/object-stores';
import { type PostgresServer, startPostgres } from '../../test/support/postgres-server';
import { thisMachine } from '../machine';
import type { Served } from './serve-dataverse';
import { writeLake } from './write-lake';

/** The default of the configuration. */
const MEMORY = '256MB';
const RUNS = 5;
const COLUMNS = [
  'CustomerId',
  'Email',
  'FirstName',
  'LastName',
  'Country',
  'City',
  'LoyaltyTier',
  'BirthDate',
];
const [KEY, ...ATTRIBUTES] = COLUMNS as [string, ...string[]];

export interface SourcesFigures {
  readonly machine: ReturnType<typeof thisMachine>;
  /** Date. */
  readonly at: string;
  readonly seconds: number;
  /** Of the whole machine, over the last 15 minutes. */
  readonly load: number;
  readonly profiles: number;
  readonly segments: number;
  readonly memberships: number;
  readonly runs: number;
  /** The first is that of CSV files. */
  readonly kinds: readonly { readonly kind: string; readonly seconds: number }[];
}

/** Reads the same profiles and segments of each kind of source, in turns: the median of the seconds that `extract` takes. */
export async function measureSources(profiles: number, say: (line: string) => void): Promise<SourcesFigures> {
  const start = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'sources-'));
  // As root, the server runs as another user, who has to reach its folder.
  await chmod(tmpdir(), 0o711);
  const closing: (() => Promise<void>)[] = [];
  try {
    const server = await startPostgres();
    closing.push(() => server.close());
    const objects = await startS3();
    closing.push(() => objects.close());
    const generated = await generateProfiles({ profiles, seed: 1, folder });
    await load(server, generated);
    const dataverse = await serveDataverse(generated);
    closing.push(dataverse.close);
    const configs = {
      csv: filesConfig(generated),
      cdm: await cdmConfig(join(folder, 'lake'), generated),
      s3: await s3Config(objects, generated),
      postgres: postgresConfig(server, generated),
      sql: sqlConfig(server, generated),
      dataverse: dataverseConfig(dataverse.served, generated),
    };
    const readings = Object.entries(configs).map(([kind, config]) => ({
      kind,
      config,
      seconds: [] as number[],
    }));
    let memberships = 0;
    for (let run = 0; run < RUNS; run += 1) {
      for (const { kind, config, seconds } of readings) {
        const reading = await measure(config, generated, folder);
        memberships = reading.memberships;
        seconds.push(reading.seconds);
        say(`${kind}: ${reading.seconds.toFixed(1)} s`);
      }
    }
    return {
      machine: thisMachine(),
      at: new Date().toISOString().slice(0, 10),
      seconds: (performance.now() - start) / 1000,
      load: loadavg()[2] ?? 0,
      profiles,
      segments: generated.segments.length,
      memberships,
      runs: RUNS,
      kinds: readings.map(({ kind, seconds }) => ({ kind, seconds: median(seconds) })),
    };
  } finally {
    for (const close of closing.toReversed()) await close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  config: SourceConfig,
  { segments }: Pick<GeneratedProfiles, 'segments'>,
  folder: string,
): Promise<{ readonly seconds: number; readonly memberships: number }> {
  const into = join(folder, 'into');
  await mkdir(into, { recursive: true });
  const source = await openSource(config, {
    baseFolder: folder,
    memoryLimit: MEMORY,
    scratch: join(folder, 'scratch'),
    secrets: secretResolver(folder),
  });
  const start = performance.now();
  const { selected, profiles, members } = await source.extract({ attributes: ATTRIBUTES, segments, into });
  const seconds = (performance.now() - start) / 1000;
  await source.close();
  // The first segment has all of them.
  if (selected !== profiles) throw new Error(`${selected} of ${profiles} profiles were selected`);
  return { seconds, memberships: members.reduce((sum, size) => sum + size, 0) };
}

function filesConfig({ profilesFile, membershipFile, segments }: GeneratedProfiles): SourceConfig {
  const members = { path: membershipFile, key: KEY, segment: 'Segment' };
  return FilesSourceSchema.parse({
    kind: 'files',
    profiles: { path: profilesFile, key: KEY },
    segments: Object.fromEntries(segments.map((id) => [id, { members }])),
  });
}

async function cdmConfig(
  root: string,
  { profilesFile, membershipFile, segments }: GeneratedProfiles,
): Promise<SourceConfig> {
  await writeLake(root, [
    { name: 'Customer', columns: COLUMNS, file: profilesFile },
    { name: 'Members', columns: [KEY, 'Segment'], file: membershipFile },
  ]);
  const members = { table: 'Members', key: KEY, segment: 'Segment' };
  return SourcesSchema.parse({
    lake: {
      kind: 'cdm',
      root,
      segments: Object.fromEntries(segments.map((id) => [id, { members }])),
    },
  })['lake']!;
}

async function s3Config(
  objects: TestStore,
  { profilesFile, membershipFile, segments }: GeneratedProfiles,
): Promise<SourceConfig> {
  const bucket = objects.at(objects.url);
  await bucket.put('customers.csv', await readFile(profilesFile));
  await bucket.put('members.csv', await readFile(membershipFile));
  const members = { path: 'members.csv', key: KEY, segment: 'Segment' };
  return FilesSourceSchema.parse({
    kind: 'files',
    ...bucket.settings(),
    profiles: { path: 'customers.csv', key: KEY },
    segments: Object.fromEntries(segments.map((id) => [id, { members }])),
  });
}

function postgresConfig({ socket, port }: PostgresServer, { segments }: GeneratedProfiles): SourceConfig {
  const members = { table: 'members', key: KEY, segment: 'Segment' };
  return PostgresSourceSchema.parse({
    kind: 'postgres',
    connection: { host: socket, port, database: 'postgres', user: 'owner' },
    profiles: { table: 'people', key: KEY },
    segments: Object.fromEntries(segments.map((id) => [id, { members }])),
  });
}

/** Names and addresses in a file, all else in the database, members in the file: every profile is the row of a join. */
function sqlConfig(
  { socket, port }: PostgresServer,
  { profilesFile, membershipFile, segments }: GeneratedProfiles,
): SourceConfig {
  const members = { table: 'members', key: KEY, segment: 'Segment' };
  return SqlSourceSchema.parse({
    kind: 'sql',
    tables: {
      people: { kind: 'files', path: profilesFile },
      members: { kind: 'files', path: membershipFile },
      places: {
        kind: 'postgres',
        connection: { host: socket, port, database: 'postgres', user: 'owner' },
        table: 'people',
      },
    },
    profiles: {
      key: KEY,
      sql: `SELECT f.CustomerId, f.Email, f.FirstName, f.LastName, d.Country, d.City, d.LoyaltyTier, d.BirthDate
        FROM people f LEFT JOIN places d ON d.CustomerId = f.CustomerId`,
    },
    segments: Object.fromEntries(segments.map((id) => [id, { members }])),
  });
}

function dataverseConfig(
  { url, tenantId, clientId, clientSecret }: Served,
  { segments }: GeneratedProfiles,
): SourceConfig {
  process.env['BENCH_DATAVERSE_SECRET'] = clientSecret;
  return DataverseSourceSchema.parse({
    kind: 'dataverse',
    url,
    authority: url,
    tenantId,
    clientId,
    clientSecret: 'env:BENCH_DATAVERSE_SECRET',
    profiles: { table: 'people', key: KEY },
    members: { table: 'members', key: KEY, segments: 'Segments' },
    metadata: false,
    segments: Object.fromEntries(segments.map((id) => [id, {}])),
  });
}

/** The fake of the tests, without the waits of a network: what remains is what a reading costs here. */
async function serveDataverse({
  profilesFile,
  membershipFile,
}: GeneratedProfiles): Promise<{ readonly served: Served; readonly close: () => Promise<void> }> {
  const program = fork(join(__dirname, 'serve-dataverse.js'), [profilesFile, membershipFile]);
  const [served] = (await once(program, 'message')) as [Served];
  return { served, close: async () => void program.kill() };
}

const columns = (names: readonly string[]) => names.map((name) => `"${name}" text`).join(', ');

async function load(
  server: PostgresServer,
  { profilesFile, membershipFile }: GeneratedProfiles,
): Promise<void> {
  const { socket, port } = server;
  await server.sql(`
    CREATE TABLE people (${columns(COLUMNS)});
    CREATE TABLE members (${columns([KEY, 'Segment'])})`);
  const client = new Client({ host: socket, port, user: 'owner', database: 'postgres' });
  await client.connect();
  for (const [table, file] of [
    ['people', profilesFile],
    ['members', membershipFile],
  ] as const)
    await pipeline(
      createReadStream(file),
      client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT csv, HEADER)`)),
    );
  await client.end();
  await server.sql('VACUUM ANALYZE people');
  await server.sql('VACUUM ANALYZE members');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
