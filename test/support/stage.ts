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
import { untilAnswered } from './until-answered';
import type { WorkerConfigInput } from '../../src/config/config';
import type { ExportReport } from '../../src/contract/report';
import { MailchimpPlugin } from '../../src/plugin/mailchimp-plugin';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox';

/** All that workers of this test file have logged, with what the SDK's core logged; kept off the terminal. */
export const workerLogs: string[] = [];

Runtime.install({
  logger: new DefaultLogger('DEBUG', ({ level, message, meta }: LogEntry) => {
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
  const folder = await mkdtemp(join(tmpdir(), 'stage-'));
  const sandbox = await startSandbox({ audiences: [AUDIENCE_SEED], ...options.sandbox });
  const address = options.address ?? process.env['TEST_TEMPORAL_ADDRESS'];
  if (!address) throw new Error('TEST_TEMPORAL_ADDRESS is not set: run the tests with jest');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const taskQueue = `test-${randomUUID()}`;
  const destinationId = `d-${randomUUID().slice(0, 8)}`;
  const temporal = new Client({ connection });
  const client = new BatchClient({ client: temporal, taskQueue });
  const variable = `KEY_${randomUUID().replaceAll('-', '')}`;
  process.env[variable] = sandbox.apiKey;
  const config: WorkerConfigInput = {
    staging: { folder: join(folder, 'staging') },
    accounts: { main: { apiKey: `env:${variable}`, baseUrl: sandbox.url, longestRequestSeconds: 3 } },
    sources: { people: SOURCE },
  };
  const stage: Stage = {
    folder,
    taskQueue,
    destinationId,
    sandbox,
    temporal,
    client,
    config,
    writeProfiles: (rows) => writeFile(join(folder, 'profiles.csv'), toCsv(rows)),
    writeMembers: (rows) =>
      writeFile(join(folder, 'members.csv'), ['id,segment', ...rows.map((row) => row.join(','))].join('\n')),
    withWorker: async (work, more = {}) => {
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        plugins: [new MailchimpPlugin({ ...config, baseFolder: folder })],
        ...bundle(),
        ...options.worker,
        ...more,
      });
      return worker.runUntil(work);
    },
    connect: async (input = {}) => {
      await client.connect(destinationId, { ...CONNECT, ...input });
    },
    configure: async (input = {}) => {
      await client.configure(destinationId, { ...CONFIGURE, ...input });
    },
    handle: (exportId) => client.handle({ destinationId, exportId }),
    running: async () => {
      const handle = await runningHandle(client, destinationId);
      if (!handle) throw new Error('No export runs');
      return handle;
    },
    progress: async () => (await runningHandle(client, destinationId))?.progress(),
    follow: (exportId) => reportOf(stage.handle(exportId)),
    export: async (options = {}) => reportOf(await client.start(destinationId, { options })),
    plan: async (options = {}) => reportOf(await client.plan(destinationId, { options })),
    close: async () => {
      await connection.close();
      await native.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
      delete process.env[variable];
    },
  };
  return stage;
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

const MEMBERS = { path: 'members.csv', key: 'id', segment: 'segment' };

const SOURCE = {
  kind: 'files' as const,
  profiles: { path: 'profiles.csv', key: 'id' },
  segments: { vip: { members: MEMBERS }, north: { members: MEMBERS } },
};

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
