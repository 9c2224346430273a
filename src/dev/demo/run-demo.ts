import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { MemberSeed } from '../../sandbox';
import {
  CONSENT_TEXT,
  ExportClient,
  ExportFailedError,
  type ExportReport,
  type ExportView,
} from '../../client';
import { destinationWorkflowId, exportWorkflowId } from '../../contract/identifiers';
import { count } from '../../text/format';
import { workflowUrl } from '../../text/web-ui';
import { startDevServer, type DevServer } from '../dev-server';
import { startProgram, type Started, WORKER_NODE_FLAGS } from '../programs/start-program';
import { findTemporalBinary } from '../temporal-binary';
import { readCounts, readMembers, type AudienceCounts } from './audience';
import { CHANGES, changeThreeCustomers } from './change-customers';
import { compareExisting, seedsOf, type ExistingMember } from './existing-members';
import {
  AUDIENCE_ID,
  chinookSetting,
  DESTINATION,
  destinationSettings,
  generatedSetting,
  MERGE_FIELDS,
  writeConfig,
  type Setting,
} from './setting';

export interface DemoOptions {
  /** Number of generated profiles; undefined: the Chinook customers. */
  readonly profiles?: number;
  /** Called with one line for each step. */
  readonly say: (line: string) => void;
  /** Called with the progress of a running export, about once a second. */
  readonly onProgress: (view: ExportView) => void;
  readonly onReport: (report: ExportReport) => void;
  /** Resolves when the demo should stop. */
  readonly stopped: Promise<void>;
}

export interface Demo {
  readonly exports: readonly ExportReport[];
  readonly audience: AudienceCounts;
  /** Members that other tools added before the first export; empty with generated profiles. */
  readonly existing: readonly ExistingMember[];
  readonly configFile: string;
  readonly uiUrl: string;
  /** URLs of pages of the Web UI. */
  readonly pages: { readonly destination: string; readonly lastExport: string };
  readonly apiKey: string;
  /** Resolves when the demo's worker process has ended. */
  readonly ended: Promise<string>;
  /** Stops everything and deletes the folder. Returns the worker's peak memory in bytes. */
  close(): Promise<{ readonly peakRssBytes: number }>;
}

/**
 * Exports from files to an audience three times: everything, nothing, and three changes. On success the processes keep running until
 * `close`. Undefined when it was stopped.
 */
export async function runDemo(options: DemoOptions): Promise<Demo | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-mailchimp-demo-'));
  const started = new StartedProcesses(folder);
  try {
    const demoRun = performDemo(started, options);
    // After a stop, the interrupted run fails later, with no other handler for its error.
    demoRun.catch(() => undefined);
    const demo = await Promise.race([demoRun, options.stopped]);
    if (demo) return demo;
  } catch (error) {
    await started.close();
    throw error;
  }
  await started.close();
  return undefined;
}

/** The server, the processes and the connection that a demo has started so far; closed in reverse order. */
class StartedProcesses {
  readonly folder: string;
  server: DevServer | undefined;
  sandbox: Started | undefined;
  worker: Started | undefined;
  connection: Connection | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async close(): Promise<{ readonly peakRssBytes: number }> {
    await this.connection?.close();
    await this.worker?.process.stop();
    await this.sandbox?.process.stop();
    await this.server?.close();
    await rm(this.folder, { recursive: true, force: true });
    const peak = /^peakRssBytes (\d+)$/m.exec(this.worker?.process.output() ?? '');
    return { peakRssBytes: Number(peak?.[1] ?? 0) };
  }
}

async function performDemo(started: StartedProcesses, options: DemoOptions): Promise<Demo> {
  const { say } = options;
  const setting = await prepareInput(started.folder, options);
  const members = setting.isShared ? await seedsOf(setting, started.folder) : [];
  say('Starting a Temporal server with its Web UI, a Mailchimp sandbox and a worker');
  started.server = await startDevServer({
    binary: await findTemporalBinary({ report: say }),
    dbFilename: join(started.folder, 'temporal.db'),
  });
  const { address, uiUrl = '' } = started.server;
  say(`Temporal Web UI: ${uiUrl}`);
  started.sandbox = await startProgram(require.resolve('../programs/sandbox-process'), [
    JSON.stringify(sandboxOptions(started.folder, options, members)),
  ]);
  const sandbox = JSON.parse(started.sandbox.readyText) as { url: string; apiKey: string };
  const configFile = await writeConfig(started.folder, setting, {
    temporal: address,
    mailchimp: sandbox.url,
  });
  started.worker = await startProgram(require.resolve('../programs/worker-process'), [configFile], {
    nodeFlags: WORKER_NODE_FLAGS,
    env: { MAILCHIMP_API_KEY: sandbox.apiKey },
  });

  started.connection = await Connection.connect({ address });
  const client = new ExportClient({ client: new Client({ connection: started.connection }) });
  const before = await readMembers(sandbox.url);
  const exports = await threeExports(client, setting, {
    ...options,
    folder: started.folder,
    sandboxUrl: sandbox.url,
  });
  return {
    exports,
    audience: await readCounts(sandbox.url),
    existing: compareExisting(before, await readMembers(sandbox.url)),
    configFile,
    uiUrl,
    pages: {
      destination: workflowUrl(uiUrl, {
        namespace: 'default',
        workflowId: destinationWorkflowId(DESTINATION),
      }),
      lastExport: workflowUrl(uiUrl, { namespace: 'default', workflowId: exportWorkflowId(DESTINATION) }),
    },
    apiKey: sandbox.apiKey,
    ended: started.worker.process.ended,
    close: () => started.close(),
  };
}

async function prepareInput(folder: string, { profiles, say }: DemoOptions): Promise<Setting> {
  if (profiles === undefined) {
    say(
      'Input: the 59 customers of the Chinook sample database, three segments made from their invoices by SQL',
    );
    return chinookSetting(folder);
  }
  say(`Input: ${count(profiles)} generated profiles in ten overlapping segments`);
  return generatedSetting(folder, profiles);
}

function sandboxOptions(folder: string, { profiles }: DemoOptions, members: readonly MemberSeed[]) {
  const audience = { id: AUDIENCE_ID, name: 'Newsletter', mergeFields: MERGE_FIELDS, members };
  // Results of batches go to the demo's folder, because the sandbox process is ended without a cleanup.
  return { audiences: [audience], replies: profiles === undefined ? 'full' : 'lean', folder };
}

interface Exporting extends DemoOptions {
  readonly folder: string;
  readonly sandboxUrl: string;
}

async function threeExports(
  client: ExportClient,
  setting: Setting,
  options: Exporting,
): Promise<ExportReport[]> {
  const { say } = options;
  if (setting.isShared) {
    say(
      'The audience is shared: other tools have added members to it (subscribed, pending, unsubscribed, cleaned, archived), with a tag ' +
        '"Vinyl club" and with a tag "Blues lovers" that has the same name as one of the segments. Configuring refuses a tag that ' +
        'another tool created (TAG_TAKEN) unless it is adopted, as here with "adoptTags: true"',
    );
  }
  say(`Connecting the destination "${DESTINATION}", with consent to: ${CONSENT_TEXT.text}`);
  const { connect, configure } = destinationSettings(setting);
  const consent = { agreedBy: 'demo', textVersion: CONSENT_TEXT.version };
  await client.connect(DESTINATION, { ...connect, exportUser: 'demo', consent });
  await client.configure(DESTINATION, configure);
  say(
    `First export: ${setting.isShared ? 'some customers are in the audience already' : 'all contacts are new'}`,
  );
  const first = await exportOnce(client, options);
  say('Second export: nothing has changed, so nothing is sent');
  const second = await exportOnce(client, options);
  say(`Three customers change: ${CHANGES.join(', ')}. Third export: only these changes are sent`);
  await changeThreeCustomers(setting, options.folder, await readExported(options.sandboxUrl));
  const third = await exportOnce(client, options);
  return [first, second, third];
}

async function exportOnce(
  client: ExportClient,
  { onProgress, onReport }: DemoOptions,
): Promise<ExportReport> {
  const handle = await client.start(DESTINATION, { trigger: 'demo' });
  for await (const view of handle.follow()) onProgress(view);
  const report = await handle.result().catch(reportOfFailed);
  onReport(report);
  return report;
}

function reportOfFailed(error: unknown): ExportReport {
  if (error instanceof ExportFailedError) return error.report;
  throw error;
}

/** Enough addresses to find three customers to change, at any size of the audience. */
const SOME = 200;

/** Some addresses with a tag, sorted. Not of archived members: these are withheld, so a change would not be sent. */
async function readExported(url: string): Promise<string[]> {
  return (await readMembers(url))
    .filter(({ status, tags }) => status !== 'archived' && tags.length > 0)
    .map(({ email }) => email.toLowerCase())
    .toSorted()
    .slice(0, SOME);
}
