import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { CONSENT_TEXT, ExportClient } from '../../src/client';
import { destinationSettings, generatedSetting, type Setting } from '../../src/dev/demo/setting';
import { startDevServer } from '../../src/dev/dev-server';
import { startProgram, type Started, WORKER_NODE_FLAGS } from '../../src/dev/programs/start-program';
import { startVersityGateway } from '../../test/support/object-stores';
import { SandboxControl } from '../sandbox-control';
import { startSandbox } from '../scene';
import { type Watch, watchMemory } from '../watch';

/** The built package, so that the measured code is the published code. */
const WORKER = resolve(__dirname, '../../../dist/dev/programs/worker-process.js');
const KEY = 'BENCH_MAILCHIMP_KEY';

export interface FleetOptions {
  readonly temporalBinary: string;
  readonly profiles: number;
  /** Each with an audience, and a destination that is exported there. */
  readonly accounts: number;
  readonly workers: number;
  readonly operationMs: number;
}

export interface FleetAccount {
  readonly destinationId: string;
  readonly sandbox: SandboxControl;
}

/** Worker processes with a folder each and one bucket, and a sandbox for each account. */
export interface Fleet {
  readonly folder: string;
  readonly setting: Setting;
  readonly exports: ExportClient;
  readonly accounts: readonly FleetAccount[];
  readonly workers: readonly FleetWorker[];
  /** Stops everything and deletes the folder. */
  close(): Promise<void>;
}

/** One place for a worker process, in which one follows the other. */
export class FleetWorker {
  readonly #config: string;
  #started: Started | undefined;
  #ended = Promise.resolve();
  #peak = 0;

  constructor(config: string) {
    this.#config = config;
  }

  async start(): Promise<void> {
    const started = await startProgram(WORKER, [this.#config], { nodeFlags: WORKER_NODE_FLAGS });
    this.#started = started;
    const memory = watchMemory(started.process.pid);
    this.#ended = this.#measure(started, memory);
  }

  async #measure({ process }: Started, memory: Watch): Promise<void> {
    await process.ended;
    await memory.stop();
    this.#peak = Math.max(this.#peak, memory.peak());
  }

  /** As a node that is lost: by SIGKILL. */
  async kill(): Promise<void> {
    await this.#started?.process.kill();
    await this.#ended;
  }

  /** As by an orchestrator: by SIGTERM. */
  async stop(): Promise<void> {
    await this.#started?.process.stop();
    await this.#ended;
  }

  /** Resident memory of its processes that have ended, at the most, in bytes. */
  peakRss(): number {
    return this.#peak;
  }
}

export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const one of closing.splice(0).toReversed()) await one();
  };
  try {
    return { ...(await build(options, folder, closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  { temporalBinary, profiles, operationMs, ...sizes }: FleetOptions,
  folder: string,
  closing: (() => Promise<void>)[],
): Promise<Omit<Fleet, 'close'>> {
  const setting = await generatedSetting(folder, profiles);
  const server = await startDevServer({
    binary: temporalBinary,
    dbFilename: join(folder, 'temporal.db'),
    headless: true,
  });
  closing.push(() => server.close());
  const bucket = await startVersityGateway();
  closing.push(() => bucket.close());
  const mailchimp: { readonly name: string; readonly url: string; readonly audienceId: string }[] = [];
  for (let number = 1; number <= sizes.accounts; number += 1) {
    const name = `account-${number}`;
    const place = join(folder, name);
    await mkdir(place);
    const audienceId = `a0d1e2c3${String(number).padStart(2, '0')}`;
    const { started, url, apiKey } = await startSandbox(place, { replies: 'lean', operationMs, audienceId });
    closing.push(() => started.process.stop());
    process.env[KEY] = apiKey;
    mailchimp.push({ name, url, audienceId });
  }
  const workers: FleetWorker[] = [];
  for (let number = 1; number <= sizes.workers; number += 1) {
    const config = join(folder, `worker-${number}.yaml`);
    const staging = { folder: `worker-${number}`, ...bucket.at(bucket.url).staging('fleet') };
    const accounts = Object.fromEntries(
      mailchimp.map(({ name, url }) => [name, { apiKey: `env:${KEY}`, baseUrl: url }]),
    );
    const temporal = { address: server.address };
    await writeFile(
      config,
      stringify({ temporal, staging, accounts, sources: { customers: setting.source } }),
    );
    const worker = new FleetWorker(config);
    await worker.start();
    closing.push(() => worker.stop());
    workers.push(worker);
  }
  const connection = await Connection.connect({ address: server.address });
  closing.push(() => connection.close());
  const exports = new ExportClient({ client: new Client({ connection }) });
  const { connect, configure } = destinationSettings(setting);
  const consent = { agreedBy: 'bench', textVersion: CONSENT_TEXT.version };
  const accounts: FleetAccount[] = [];
  for (const { name: account, url, audienceId } of mailchimp) {
    const destinationId = `of-${account}`;
    await exports.connect(destinationId, {
      ...connect,
      account,
      audienceId,
      exportUser: 'bench',
      consent,
    });
    await exports.configure(destinationId, configure);
    accounts.push({ destinationId, sandbox: new SandboxControl(url, audienceId) });
  }
  return { folder, setting, exports, accounts, workers };
}
