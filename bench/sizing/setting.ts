import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { mapAtOnce } from '../../src/activities/map-at-once';
import { CONSENT_TEXT, ExportClient, type ExportReport } from '../../src/client';
import type { StagingInput } from '../../src/config/config';
import {
  destinationSettings,
  generatedSetting,
  MERGE_FIELDS,
  type Setting,
} from '../../src/dev/demo/setting';
import { startDevServer } from '../../src/dev/dev-server';
import { startProgram, WORKER_NODE_FLAGS } from '../../src/dev/programs/start-program';

/** The built package, so that the measured code is the published code. */
const PROGRAMS = join('dist', 'dev', 'programs');

/** As many at once as one client sends at most. */
const STARTED_AT_ONCE = 8;

export interface SizingOptions {
  readonly temporalBinary: string;
  readonly profiles: number;
  /** All with the same profiles, and an audience each. */
  readonly destinations: number;
  /** Default: a folder. */
  readonly staging?: Pick<StagingInput, 's3' | 'azure'>;
}

/** A server, a sandbox and one worker, with destinations that are ready to export. */
export interface SizingSetting {
  readonly options: SizingOptions;
  readonly folder: string;
  readonly setting: Setting;
  readonly exports: ExportClient;
  readonly workerPid: number;
  /** Exports all destinations at the same time. @throws Error unless each completes */
  exportAll(): Promise<readonly ExportReport[]>;
  close(): Promise<void>;
}

export async function openSetting(options: SizingOptions): Promise<SizingSetting> {
  const folder = await mkdtemp(join(tmpdir(), 'sizing-'));
  const setting = await generatedSetting(folder, options.profiles);
  const server = await startDevServer({
    binary: options.temporalBinary,
    dbFilename: join(folder, 'temporal.db'),
    headless: true,
  });
  const names = Array.from({ length: options.destinations }, (_, index) => `d${index}`);
  const audiences = names.map((name, index) => ({ id: audienceOf(index), name, mergeFields: MERGE_FIELDS }));
  const sandbox = await startProgram(join(PROGRAMS, 'sandbox-process.js'), [
    JSON.stringify({ audiences, replies: 'lean', folder }),
  ]);
  const { url, apiKey } = JSON.parse(sandbox.readyText) as { url: string; apiKey: string };
  const configFile = join(folder, 'temporal-mailchimp.yaml');
  await writeFile(
    configFile,
    stringify({
      temporal: { address: server.address },
      staging: { folder: 'staging', ...options.staging },
      accounts: { sandbox: { apiKey: 'env:SIZING_API_KEY', baseUrl: url } },
      sources: { customers: setting.source },
    }),
  );
  const worker = await startProgram(join(PROGRAMS, 'worker-process.js'), [configFile], {
    env: { SIZING_API_KEY: apiKey },
    nodeFlags: WORKER_NODE_FLAGS,
  });
  const connection = await Connection.connect({ address: server.address });
  const exports = new ExportClient({ client: new Client({ connection }) });
  const { connect, configure } = destinationSettings(setting);
  const consent = { agreedBy: 'bench', textVersion: CONSENT_TEXT.version };
  for (const [index, name] of names.entries()) {
    const audienceId = audienceOf(index);
    await exports.connect(name, { ...connect, name, audienceId, exportUser: 'bench', consent });
    await exports.configure(name, configure);
  }
  return {
    options,
    folder,
    setting,
    exports,
    workerPid: worker.process.pid,
    exportAll: async () => {
      const handles = await mapAtOnce(names, STARTED_AT_ONCE, (name) =>
        exports.start(name, { options: { lane: 'direct' } }),
      );
      return Promise.all(handles.map((handle) => handle.result()));
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

const audienceOf = (index: number): string => (0xc417f00000 + index).toString(16);
