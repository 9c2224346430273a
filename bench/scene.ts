import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { CONSENT_TEXT, ExportClient } from '../src/client';
import {
  AUDIENCE_ID,
  DESTINATION,
  destinationSettings,
  generatedSetting,
  MERGE_FIELDS,
  writeConfig,
  type Setting,
} from '../src/dev/demo/setting';
import { startDevServer, type DevServer } from '../src/dev/dev-server';
import { startProgram, type Started, WORKER_NODE_FLAGS } from '../src/dev/programs/start-program';
import type { Lane, Replies } from './figures';
import { SandboxControl } from './sandbox-control';

/** The built package, so that the measured code is the published code. */
const PROGRAMS = resolve(__dirname, '../../dist/dev/programs');

export interface SceneOptions {
  readonly temporalBinary: string;
  readonly profiles: number;
  readonly lane: Lane;
  readonly replies: Replies;
  readonly operationMs: number;
  readonly connections?: number;
  /** Folder in which the worker writes a CPU profile when it ends. Default: none. */
  readonly cpuProfiles?: string | undefined;
}

/** A Temporal server, a sandbox and a worker, with generated profiles and a destination that is ready to export. */
export interface Scene {
  readonly options: SceneOptions;
  readonly folder: string;
  readonly setting: Setting;
  readonly staging: string;
  readonly temporal: Client;
  readonly exports: ExportClient;
  readonly sandbox: SandboxControl;
  readonly workerPid: number;
  /** Rejects, with what the worker has written, when it ends before the scene: nothing else would end an export then. */
  readonly brokenOff: Promise<never>;
  /** Stops everything, deletes the folder and returns the worker's peak memory in bytes. May be called again. */
  close(): Promise<{ readonly peakRss: number }>;
}

export async function openScene(options: SceneOptions): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'scene-'));
  const processes: StartedProcesses = {};
  let closed: Promise<{ readonly peakRss: number }> | undefined;
  const close = () => (closed ??= closeProcesses(processes, folder));
  try {
    return { ...(await build(options, folder, processes)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface StartedProcesses {
  server?: DevServer;
  sandbox?: Started;
  worker?: Started;
  connection?: Connection;
}

async function build(
  options: SceneOptions,
  folder: string,
  processes: StartedProcesses,
): Promise<Omit<Scene, 'close'>> {
  const setting = await generatedSetting(folder, options.profiles);
  processes.server = await startDevServer({
    binary: options.temporalBinary,
    dbFilename: join(folder, 'temporal.db'),
    headless: true,
  });
  const { started, url, apiKey } = await startSandbox(folder, options);
  processes.sandbox = started;
  const { address } = processes.server;
  const { connections } = options;
  const configFile = await writeConfig(folder, setting, {
    temporal: address,
    mailchimp: url,
    ...(connections !== undefined && { connections }),
  });
  processes.worker = await startProgram(join(PROGRAMS, 'worker-process.js'), [configFile], {
    env: { MAILCHIMP_API_KEY: apiKey },
    nodeFlags: [...WORKER_NODE_FLAGS, ...profilingFlags(options)],
  });
  const { process: worker } = processes.worker;
  const brokenOff = worker.ended.then((how): never => {
    throw new Error(`The worker ended (${how}):\n${worker.output()}`);
  });
  // Once the scene is closed, its end is not an error.
  brokenOff.catch(() => undefined);
  processes.connection = await Connection.connect({ address });
  const temporal = new Client({ connection: processes.connection });
  const exports = new ExportClient({ client: temporal });
  await connectDestination(exports, setting);
  return {
    options,
    folder,
    setting,
    staging: join(folder, 'staging'),
    temporal,
    exports,
    sandbox: new SandboxControl(url),
    workerPid: worker.pid,
    brokenOff,
  };
}

function profilingFlags({ cpuProfiles, ...options }: SceneOptions): string[] {
  if (cpuProfiles === undefined) return [];
  const { profiles, lane, replies, operationMs } = options;
  // One file per thread.
  const folder = join(cpuProfiles, `${profiles}-${lane}-${replies}-${operationMs}ms`);
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** Starts a sandbox in its own process, with one empty audience. */
export async function startSandbox(
  folder: string,
  {
    replies,
    operationMs,
    audienceId = AUDIENCE_ID,
  }: Pick<SceneOptions, 'replies' | 'operationMs'> & { readonly audienceId?: string },
): Promise<{ readonly started: Started; readonly url: string; readonly apiKey: string }> {
  const audience = { id: audienceId, name: 'Newsletter', mergeFields: MERGE_FIELDS };
  const settings = { audiences: [audience], replies, operationMs, batchParallelism: 1, folder };
  const program = join(PROGRAMS, 'sandbox-process.js');
  const started = await startProgram(program, [JSON.stringify(settings)]);
  return { started, ...(JSON.parse(started.readyText) as { url: string; apiKey: string }) };
}

async function connectDestination(exports: ExportClient, setting: Setting): Promise<void> {
  const { connect, configure } = destinationSettings(setting);
  const consent = { agreedBy: 'bench', textVersion: CONSENT_TEXT.version };
  await exports.connect(DESTINATION, { ...connect, exportUser: 'bench', consent });
  await exports.configure(DESTINATION, configure);
}

async function closeProcesses(
  processes: StartedProcesses,
  folder: string,
): Promise<{ readonly peakRss: number }> {
  await processes.connection?.close();
  await processes.worker?.process.stop();
  await processes.sandbox?.process.stop();
  await processes.server?.close();
  await rm(folder, { recursive: true, force: true });
  const match = /^peakRssBytes (\d+)$/m.exec(processes.worker?.process.output() ?? '');
  return { peakRss: Number(match?.[1] ?? 0) };
}
