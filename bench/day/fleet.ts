import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { CONSENT_TEXT, ExportClient } from '../../src/client';
import { freePort, startDevServer } from '../../src/dev/dev-server';
import { startProgram, WORKER_NODE_FLAGS, type Started } from '../../src/dev/programs/start-program';
import { mapAtOnce } from '../../src/activities/map-at-once';
import { SandboxControl } from '../sandbox-control';

/** The built package, so that the measured code is the published code. */
const PROGRAMS = join('dist', 'dev', 'programs');

/** As many at once as one client sends at most. */
const CONNECTED_AT_ONCE = 8;

export interface Person {
  readonly id: number;
  readonly country: string;
}

export interface FleetOptions {
  readonly temporalBinary: string;
  /** Label: its destinations. */
  readonly groups: Readonly<Record<string, number>>;
}

export interface Destination {
  readonly name: string;
  readonly label: string;
  readonly audienceId: string;
  readonly profilesFile: string;
}

/** Destinations with an audience and a source each, a Temporal server with metrics, a sandbox and a worker. */
export interface Fleet {
  readonly temporal: Client;
  readonly exports: ExportClient;
  readonly sandbox: SandboxControl;
  readonly metricsUrl: string;
  readonly destinations: readonly Destination[];
  readonly startedAtMs: number;
  /** Connects and configures all destinations. Their sources are empty until then. */
  connect(): Promise<void>;
  write(destination: Destination, people: readonly Person[]): Promise<void>;
  /** Stops the worker, as a deployment does, and starts another one. */
  replaceWorker(): Promise<void>;
  close(): Promise<void>;
}

export async function openFleet({ temporalBinary, groups }: FleetOptions): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  const destinations = Object.entries(groups).flatMap(([label, count]) => destinationsOf(label, count));
  const metricsPort = await freePort();
  const server = await startDevServer({ binary: temporalBinary, headless: true, metricsPort });
  const audiences = destinations.map(({ audienceId, name }) => ({
    id: audienceId,
    name,
    mergeFields: [{ tag: 'COUNTRY', name: 'Country', type: 'text' as const }],
  }));
  const settings = JSON.stringify({ audiences, replies: 'lean', folder });
  const sandbox = await startProgram(join(PROGRAMS, 'sandbox-process.js'), [settings]);
  const { url, apiKey } = JSON.parse(sandbox.readyText) as { url: string; apiKey: string };
  const configFile = join(folder, 'temporal-mailchimp.yaml');
  await writeFile(
    configFile,
    stringify({
      temporal: { address: server.address },
      staging: { folder: 'staging' },
      accounts: { main: { apiKey: 'env:FLEET_API_KEY', baseUrl: url } },
      sources: Object.fromEntries(
        destinations.map(({ name, profilesFile }) => [name, sourceOf(profilesFile)]),
      ),
    }),
  );
  const startWorker = () =>
    startProgram(join(PROGRAMS, 'worker-process.js'), [configFile], {
      env: { FLEET_API_KEY: apiKey },
      nodeFlags: WORKER_NODE_FLAGS,
    });
  let worker: Started = await startWorker();
  const connection = await Connection.connect({ address: server.address });
  const temporal = new Client({ connection });
  const exports = new ExportClient({ client: temporal });
  const write = (destination: Destination, people: readonly Person[]) =>
    writeFile(join(folder, destination.profilesFile), toCsv(destination, people));
  return {
    temporal,
    exports,
    sandbox: new SandboxControl(url),
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    destinations,
    startedAtMs: Date.now(),
    connect: async () => {
      await mapAtOnce(destinations, CONNECTED_AT_ONCE, async (destination) => {
        await write(destination, []);
        await connect(exports, destination);
      });
      // The list is about a second behind, and a refresh by label takes its destinations from it.
      while ((await exports.list()).length < destinations.length) await delay(200);
    },
    write,
    replaceWorker: async () => {
      await worker.process.stop();
      worker = await startWorker();
    },
    close: async () => {
      await connection.close();
      await worker.process.stop();
      await sandbox.process.stop();
      await server.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

let audiencesSoFar = 0;

function destinationsOf(label: string, count: number): Destination[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${label}-${String(index).padStart(3, '0')}`;
    const audienceId = (0xc417f00000 + audiencesSoFar++).toString(16);
    return { name, label, audienceId, profilesFile: `${name}.csv` };
  });
}

function sourceOf(path: string) {
  return {
    kind: 'files',
    profiles: { path, key: 'id' },
    segments: { all: { members: { path, key: 'id', segment: 'segment' } } },
  };
}

export function addressOf({ name }: Pick<Destination, 'name'>, { id }: Pick<Person, 'id'>): string {
  return `person${id}@${name}.example.org`;
}

function toCsv(destination: Destination, people: readonly Person[]): string {
  const lines = people.map((person) =>
    [person.id, addressOf(destination, person), person.country, 'all'].join(','),
  );
  return ['id,email,country,segment', ...lines, ''].join('\n');
}

async function connect(exports: ExportClient, { name, label, audienceId }: Destination): Promise<void> {
  await exports.connect(name, {
    name,
    account: 'main',
    audienceId,
    source: name,
    statusIfNew: 'subscribed',
    exportUser: 'bench',
    labels: [label],
    consent: { agreedBy: 'bench', textVersion: CONSENT_TEXT.version },
  });
  await exports.configure(name, { email: 'email', fields: { COUNTRY: 'country' }, segments: { all: 'All' } });
}
