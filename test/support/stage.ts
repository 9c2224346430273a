import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type LogEntry,
  type WorkerOptions,
} from '@temporalio/worker';
import {
  CONSENT_TEXT,
  ExportClient,
  ExportFailedError,
  type ConnectInput,
  type ConfigureInput,
  type ExportHandle,
  type ExportOptionsInput,
  type ExportView,
} from '../../src/client';
import { until } from './until';
import { untilAnswered } from './until-answered';
import type { WorkerConfigInput } from '../../src/config/config';
import type { ExportReport } from '../../src/contract/report';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox';

/** All that workers of this test file have logged, with what the SDK's core logged; kept off the terminal. */
export const workerLogs: string[] = [];
/** The same, with their fields. */
export const workerEntries: LogEntry[] = [];

Runtime.install({
  logger: new DefaultLogger('DEBUG', (entry: LogEntry) => {
    const { level, message, meta } = entry;
    workerEntries.push(entry);
    workerLogs.push(`${level} ${message} ${inspect(meta, { depth: 8 })}`);
  }),
  telemetryOptions: {
    logging: { filter: makeTelemetryFilterString({ core: 'INFO', other: 'WARN' }), forward: {} },
  },
});

export const AUDIENCE = 'c417f00d5e';

export interface StageOptions {
  readonly sandbox?: SandboxOptions;
  /** Address of the Temporal server. Default: the dev server of this test run. */
  readonly address?: string;
  readonly worker?: Partial<WorkerOptions>;
}

/** Everything real: a Temporal server, a sandbox on a port, a worker with the plugin, files in a folder. */
export interface Stage {
  readonly folder: string;
  readonly taskQueue: string;
  readonly destinationId: string;
  readonly sandbox: Sandbox;
  readonly temporal: Client;
  readonly client: ExportClient;
  readonly config: WorkerConfigInput;
  writeProfiles(rows: readonly ProfileRow[]): Promise<void>;
  /** Key and segment pairs. */
  writeMembers(rows: readonly (readonly [string, string])[]): Promise<void>;
  /** Runs a worker while `work` does. */
  withWorker<Result>(work: () => Promise<Result>, options?: Partial<WorkerOptions>): Promise<Result>;
  connect(input?: Partial<ConnectInput>): Promise<void>;
  configure(input?: Partial<ConfigureInput>): Promise<void>;
  handle(exportId: string): ExportHandle;
  /** The handle of the export that runs now. */
  running(): Promise<ExportHandle>;
  /** Where the export stands that runs now; undefined when none does. */
  progress(): Promise<ExportView | undefined>;
  /** Waits for the report of an export, however it ends. */
  follow(exportId: string): Promise<ExportReport>;
  /** Starts an export and waits for its report. */
  export(options?: ExportOptionsInput): Promise<ExportReport>;
  /** Starts a plan and waits for its report. */
  plan(options?: ExportOptionsInput): Promise<ExportReport>;
  close(): Promise<void>;
}

export interface ProfileRow {
  readonly id: string;
  readonly email: string;
  readonly first?: string;
  readonly last?: string;
  readonly country?: string;
}

export function person(number: number, change: Partial<ProfileRow> = {}): ProfileRow {
  const id = String(number).padStart(6, '0');
  return {
    id,
    email: `person${id}@mail.chinook.org`,
    first: `First${id}`,
    last: `Last${id}`,
    country: 'Norway',
    ...change,
  };
}

/** More profiles than a canary takes (5 new ones), so that the others travel as a batch. */
export const CROWD = Array.from({ length: 8 }, (_, index) => person(index + 1));
export const CROWD_MEMBERS = CROWD.map(({ id }, index) => [id, index < 2 ? 'vip' : 'north'] as const);

/** Takes the batch lane by default: so few profiles would go directly. */
class BatchClient extends ExportClient {
  override start(...[destinationId, input]: Parameters<ExportClient['start']>) {
    return super.start(destinationId, { ...input, options: { lane: 'batch', ...input?.options } });
  }
}

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const server = await connectTo(options.address);
  const place = await openPlace(options.sandbox);
  const { folder, account } = place;
  const config: WorkerConfigInput = {
    staging: { folder: join(folder, 'staging') },
    accounts: { main: account },
    sources: { people: SOURCE },
  };
  return {
    ...stageOf(server, place, { account: 'main', source: 'people' }),
    config,
    withWorker: async (work, more = {}) => {
      const plugin = new MailchimpPlugin({ ...config, baseFolder: folder });
      const worker = await createWorker(server, plugin, { ...options.worker, ...more });
      return worker.runUntil(work);
    },
    close: async () => {
      await server.close();
      await place.close();
    },
  };
}

/** Stages of one test file with one worker: to start one takes a quarter of the time of a test that exports. */
export interface SharedWorker {
  /** The stage of the next test, with a sandbox, an account and a source of its own. Its `withWorker` takes no options. */
  nextStage(): Stage;
  /** Stops the worker, and closes all stages. */
  close(): Promise<void>;
}

/**
 * For tests that neither stop the worker nor leave an export running.
 * @param stages at most so many
 * @param settings of all their accounts
 */
export async function startSharedWorker(
  stages: number,
  settings: Partial<WorkerConfigInput['accounts'][string]> = {},
): Promise<SharedWorker> {
  const server = await connectTo();
  const places = await Promise.all(
    // Another key is another account, with connections of its own.
    Array.from({ length: stages }, () => openPlace({ apiKey: `${randomUUID().replaceAll('-', '')}-us1` })),
  );
  const [{ folder: baseFolder }] = places as [Place];
  const nameOf = (place: Place) => `main${places.indexOf(place) + 1}`;
  const config: WorkerConfigInput = {
    staging: { folder: join(baseFolder, 'staging') },
    accounts: Object.fromEntries(places.map((place) => [nameOf(place), { ...place.account, ...settings }])),
    sources: Object.fromEntries(places.map((place) => [nameOf(place), sourceIn(place.folder)])),
  };
  const worker = await createWorker(server, new MailchimpPlugin({ ...config, baseFolder }));
  let stop!: () => void;
  const running = worker.runUntil(new Promise<void>((resolve) => (stop = resolve)));
  const left = [...places];
  return {
    nextStage: () => {
      const place = left.shift();
      if (!place) throw new Error(`The shared worker was started for ${stages} stages`);
      const name = nameOf(place);
      const stage = stageOf(server, place, { account: name, source: name });
      return { ...stage, config, withWorker: (work) => work(), close: async () => {} };
    },
    close: async () => {
      stop();
      await running;
      await server.close();
      for (const place of places) await place.close();
    },
  };
}

interface Server {
  readonly temporal: Client;
  readonly native: NativeConnection;
  readonly taskQueue: string;
  readonly client: ExportClient;
  close(): Promise<void>;
}

async function connectTo(address = process.env['TEST_TEMPORAL_ADDRESS']): Promise<Server> {
  if (!address) throw new Error('TEST_TEMPORAL_ADDRESS is not set: run the tests with jest');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const taskQueue = `test-${randomUUID()}`;
  const temporal = new Client({ connection });
  return {
    temporal,
    native,
    taskQueue,
    client: new BatchClient({ client: temporal, taskQueue }),
    close: async () => {
      await connection.close();
      await native.close();
    },
  };
}

function createWorker(
  { native, taskQueue }: Server,
  plugin: MailchimpPlugin,
  options: Partial<WorkerOptions> = {},
): Promise<Worker> {
  return Worker.create({ connection: native, taskQueue, plugins: [plugin], ...bundle(), ...options });
}

/** Where the rows of a stage are: a folder for its files, and a sandbox. */
interface Place {
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly account: WorkerConfigInput['accounts'][string];
  close(): Promise<void>;
}

async function openPlace(options: SandboxOptions = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'stage-'));
  const sandbox = await startSandbox({ audiences: [AUDIENCE_SEED], ...options });
  const variable = `KEY_${randomUUID().replaceAll('-', '')}`;
  process.env[variable] = sandbox.apiKey;
  return {
    folder,
    sandbox,
    account: { apiKey: `env:${variable}`, baseUrl: sandbox.url, longestRequestSeconds: 3 },
    close: async () => {
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
      delete process.env[variable];
    },
  };
}

type Names = Pick<ConnectInput, 'account' | 'source'>;

function stageOf(
  { temporal, client, taskQueue }: Server,
  { folder, sandbox }: Place,
  names: Names,
): Omit<Stage, 'config' | 'withWorker' | 'close'> {
  const destinationId = `d-${randomUUID().slice(0, 8)}`;
  const handle = (exportId: string) => client.handle({ destinationId, exportId });
  return {
    folder,
    taskQueue,
    destinationId,
    sandbox,
    temporal,
    client,
    writeProfiles: (rows) => writeFile(join(folder, 'profiles.csv'), toCsv(rows)),
    writeMembers: (rows) =>
      writeFile(join(folder, 'members.csv'), ['id,segment', ...rows.map((row) => row.join(','))].join('\n')),
    connect: async (input = {}) => {
      await client.connect(destinationId, { ...CONNECT, ...names, ...input });
    },
    configure: async (input = {}) => {
      await client.configure(destinationId, { ...CONFIGURE, ...input });
    },
    handle,
    // Right after an export has ended, the next one is queued until the destination has continued as new.
    running: () => until(() => runningHandle(client, destinationId)),
    progress: async () => (await runningHandle(client, destinationId))?.progress(),
    follow: (exportId) => reportOf(handle(exportId)),
    export: async (options = {}) => reportOf(await client.start(destinationId, { options })),
    plan: async (options = {}) => reportOf(await client.plan(destinationId, { options })),
  };
}

/** Waits for the report of an export, however it ends. Outages are waited out: tests kill workers. */
export function reportOf(handle: ExportHandle): Promise<ExportReport> {
  return untilAnswered(async () => {
    try {
      return await handle.result();
    } catch (error) {
      if (error instanceof ExportFailedError) return error.report;
      throw error;
    }
  });
}

async function runningHandle(client: ExportClient, destinationId: string): Promise<ExportHandle | undefined> {
  const { running } = await client.describe(destinationId);
  return running ? client.handle({ destinationId, exportId: running.exportId }) : undefined;
}

export const AUDIENCE_SEED = {
  id: AUDIENCE,
  name: 'Newsletter',
  mergeFields: [
    { tag: 'FNAME', name: 'First Name', type: 'text' as const },
    { tag: 'LNAME', name: 'Last Name', type: 'text' as const },
    { tag: 'COUNTRY', name: 'Country', type: 'text' as const },
  ],
};

export const CONNECT = {
  name: 'Newsletter',
  account: 'main',
  audienceId: AUDIENCE,
  source: 'people',
  statusIfNew: 'subscribed' as const,
  exportUser: 'tester',
  consent: { agreedBy: 'tester', textVersion: CONSENT_TEXT.version },
};

export const CONFIGURE: ConfigureInput = {
  email: 'email',
  fields: { FNAME: 'first', LNAME: 'last', COUNTRY: 'country' },
  segments: { vip: 'VIP', north: 'North' },
  // With so few profiles, most leave a segment in many tests.
  guards: { removalShare: 1 },
};

const SOURCE = sourceIn('');

/** The files that a stage writes into its folder. */
function sourceIn(folder: string) {
  const members = { path: join(folder, 'members.csv'), key: 'id', segment: 'segment' };
  return {
    kind: 'files' as const,
    profiles: { path: join(folder, 'profiles.csv'), key: 'id' },
    segments: { vip: { members }, north: { members } },
  };
}

/** One bundle for the whole run: bundling takes seconds. */
function bundle(): Partial<WorkerOptions> {
  const codePath = process.env['WORKFLOW_BUNDLE'];
  return codePath ? { workflowBundle: { codePath } } : {};
}

const quote = (text = '') => `"${text.replaceAll('"', '""')}"`;

function toCsv(rows: readonly ProfileRow[]): string {
  const lines = rows.map(({ id, email, first, last, country }) =>
    [id, email, first, last, country].map(quote).join(','),
  );
  return ['id,email,first,last,country', ...lines, ''].join('\n');
}
