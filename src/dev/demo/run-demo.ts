import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { MemberSeed } from '../../sandbox';
import { CONSENT_TEXT, ExportClient, type ExportReport, type ExportView } from '../../client';
import { destinationWorkflowId, exportWorkflowId } from '../../contract/identifiers';
import { startDevServer, type DevServer } from '../dev-server';
import { startProgram, type Started, WORKER_NODE_FLAGS } from '../programs/start-program';
import { findTemporalBinary } from '../temporal-binary';
import { readHolding, readMembers, type AudienceHolding } from './audience';
import { CHANGES, changeThreeCustomers } from './change-customers';
import { compareNeighbours, seedsOf, type Neighbour } from './people-of-other-tools';
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
  /** What happens now, a line each, for people. */
  readonly say: (line: string) => void;
  /** Where a running export stands; about once a second. */
  readonly onProgress: (view: ExportView) => void;
  readonly onReport: (report: ExportReport) => void;
  /** Resolves when the demo should stop where it is. */
  readonly stopped: Promise<void>;
}

export interface Demo {
  readonly exports: readonly ExportReport[];
  readonly audience: AudienceHolding;
  /** People whom other tools had brought into the audience; nobody with generated profiles. */
  readonly neighbours: readonly Neighbour[];
  /** Folder with the configuration file and everything the demo wrote. */
  readonly folder: string;
  readonly configFile: string;
  readonly uiUrl: string;
  /** Pages of the Web UI. */
  readonly pages: { readonly destination: string; readonly lastExport: string };
  readonly apiKey: string;
  /** Resolves when the demo's worker process has ended by itself. */
  readonly ended: Promise<string>;
  /** Stops everything and tells the worker's peak memory in bytes. Deletes the folder. */
  close(): Promise<{ readonly peakRssBytes: number }>;
}

/**
 * From files to an audience, three times: everything, nothing, and what changed. On success everything still runs; undefined when it
 * was stopped.
 */
export async function runDemo(options: DemoOptions): Promise<Demo | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-mailchimp-demo-'));
  const stage = new Stage(folder);
  try {
    const performing = perform(stage, options);
    // What is cut off by the stop fails later, when nobody listens any more.
    performing.catch(() => undefined);
    const demo = await Promise.race([performing, options.stopped]);
    if (demo) return demo;
  } catch (error) {
    await stage.close();
    throw error;
  }
  await stage.close();
  return undefined;
}

/** What a demo has started so far, to be closed in reverse. */
class Stage {
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
    const told = /^peakRssBytes (\d+)$/m.exec(this.worker?.process.output() ?? '');
    return { peakRssBytes: Number(told?.[1] ?? 0) };
  }
}

async function perform(stage: Stage, options: DemoOptions): Promise<Demo> {
  const { say } = options;
  const setting = await prepareInput(stage.folder, options);
  const members = setting.isShared ? await seedsOf(setting, stage.folder) : [];
  say('Starting a Temporal server with its Web UI, a Mailchimp sandbox and a worker');
  stage.server = await startDevServer({
    binary: await findTemporalBinary({ report: say }),
    dbFilename: join(stage.folder, 'temporal.db'),
  });
  const { address, uiUrl = '' } = stage.server;
  say(`Temporal Web UI: ${uiUrl}`);
  stage.sandbox = await startProgram(require.resolve('../programs/sandbox-process'), [
    JSON.stringify(sandboxOptions(stage.folder, options, members)),
  ]);
  const sandbox = JSON.parse(stage.sandbox.told) as { url: string; apiKey: string };
  const configFile = await writeConfig(stage.folder, setting, { temporal: address, mailchimp: sandbox.url });
  stage.worker = await startProgram(require.resolve('../programs/worker-process'), [configFile], {
    nodeFlags: WORKER_NODE_FLAGS,
    env: { MAILCHIMP_API_KEY: sandbox.apiKey },
  });

  stage.connection = await Connection.connect({ address });
  const client = new ExportClient({ client: new Client({ connection: stage.connection }) });
  const before = await readMembers(sandbox.url);
  const exports = await threeExports(client, setting, {
    ...options,
    folder: stage.folder,
    sandboxUrl: sandbox.url,
  });
  return {
    exports,
    audience: await readHolding(sandbox.url),
    neighbours: compareNeighbours(before, await readMembers(sandbox.url)),
    folder: stage.folder,
    configFile,
    uiUrl,
    pages: {
      destination: pageOf(uiUrl, destinationWorkflowId(DESTINATION)),
      lastExport: pageOf(uiUrl, exportWorkflowId(DESTINATION)),
    },
    apiKey: sandbox.apiKey,
    ended: stage.worker.process.ended,
    close: () => stage.close(),
  };
}

/** Of the workflow's latest run. */
function pageOf(uiUrl: string, workflowId: string): string {
  return `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
}

async function prepareInput(folder: string, { profiles, say }: DemoOptions): Promise<Setting> {
  if (profiles === undefined) {
    say(
      'Input: the 59 customers of the Chinook sample database, three segments made from their invoices by SQL',
    );
    return chinookSetting(folder);
  }
  say(`Input: ${profiles.toLocaleString('en-US')} generated profiles in ten overlapping segments`);
  return generatedSetting(folder, profiles);
}

function sandboxOptions(folder: string, { profiles }: DemoOptions, members: readonly MemberSeed[]) {
  const audience = { id: AUDIENCE_ID, name: 'Newsletter', mergeFields: MERGE_FIELDS, members };
  // Its results lie in our folder: the process is ended without being asked to clean up.
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
      'The audience is not ours alone: other tools have brought people into it (subscribed, waiting to confirm, opted out, bounced, ' +
        'archived), with a tag "Vinyl club" of theirs, and a tag "Blues lovers" that has the name of one of ours. Configuring refuses ' +
        'a tag of somebody else (TAG_TAKEN) unless it is adopted, as here with "adoptTags: true"',
    );
  }
  say(`Connecting the destination "${DESTINATION}", with consent to: ${CONSENT_TEXT.text}`);
  const { connect, configure } = destinationSettings(setting);
  const consent = { agreedBy: 'demo', textVersion: CONSENT_TEXT.version };
  await client.connect(DESTINATION, { ...connect, exportUser: 'demo', consent });
  await client.configure(DESTINATION, configure);
  say(`First export: ${setting.isShared ? 'some people are in the audience already' : 'everybody is new'}`);
  const first = await exportOnce(client, options);
  say('Second export: nothing has changed, so nothing is sent');
  const second = await exportOnce(client, options);
  say(`Three customers change: ${CHANGES.join(', ')}. Third export: exactly that is sent`);
  await changeThreeCustomers(setting, options.folder, await readExported(options.sandboxUrl));
  const third = await exportOnce(client, options);
  return [first, second, third];
}

async function exportOnce(
  client: ExportClient,
  { onProgress, onReport }: DemoOptions,
): Promise<ExportReport> {
  const { exportId } = await client.start(DESTINATION, { trigger: 'demo' });
  const following = client.follow({ destinationId: DESTINATION, exportId });
  for (;;) {
    const { done, value } = await following.next();
    if (done) {
      onReport(value);
      return value;
    }
    onProgress(value);
  }
}

/** Enough to find three among, whatever the size of the audience. */
const SOME = 200;

/** Some addresses that carry a tag, in an order of their own. Whoever is archived is withheld, so a change of theirs is not sent. */
async function readExported(url: string): Promise<string[]> {
  return (await readMembers(url))
    .filter(({ status, tags }) => status !== 'archived' && tags.length > 0)
    .map(({ email }) => email.toLowerCase())
    .toSorted()
    .slice(0, SOME);
}
