import type { RequestCount } from './counters';
import type { FaultRule } from './faults';
import type { SandboxOptions } from './options';
import type { AudienceState, MemberState, MemberStateFilter } from './control/report';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Router } from './api/router';
import { interestRoutes } from './api/interest-routes';
import { listRoutes } from './api/list-routes';
import { memberRoutes } from './api/member-routes';
import { mergeFieldRoutes } from './api/merge-field-routes';
import { segmentRoutes } from './api/segment-routes';
import { tagRoutes } from './api/tag-routes';
import { BatchRunner } from './batches/batch-runner';
import { batchRoutes } from './batches/batch-routes';
import { ResultUrls } from './batches/result-url';
import { Control } from './control/control';
import { BASE, serveApi } from './http/api-server';
import { App } from './http/app';
import { serveControl } from './http/control-server';
import { serveOauth } from './http/oauth-server';
import { serveDownloads } from './http/download-server';
import type { Journal } from './keep/journal';
import { lockFolder } from './keep/folder-lock';
import { keepAccount } from './keep/keep-account';
import { openKeptFiles, type KeptFiles } from './keep/kept-files';
import { readState } from './keep/read-state';
import { restoreAudiences, restoreBatches } from './keep/restore';
import { openRecorder } from './record';
import { operationRunner } from './run-operation';
import { createAccounts, seedAudiences } from './seed';
import { DEFAULT_API_KEY, settingsOf } from './settings';
import { World } from './world';

/** A running sandbox. */
export interface Sandbox {
  /** The base URL: `http://127.0.0.1:PORT/3.0`. */
  readonly url: string;
  readonly port: number;
  /** API key of the first account. */
  readonly apiKey: string;
  /** More control: actions of contacts and other tools, settings and switches. */
  readonly control: Control;
  /** Adds a fault, as an object or in its short form, such as `429 twice on POST /lists/*`. @throws Error when it is not a fault */
  fail(rule: FaultRule | string): void;
  /** Removes all pending faults. */
  clearFaults(): void;
  /** All audiences of all accounts. */
  audiences(): readonly AudienceState[];
  /** Counts of an audience: members by status, members by tag. @throws Error for an unknown audience */
  state(audienceId: string): AudienceState;
  /** The members of an audience that match the filter, of every status. @throws Error for an unknown audience */
  members(audienceId: string, filter?: MemberStateFilter): Generator<MemberState>;
  /** The number of requests by method, route, status and way (HTTP or batch). */
  requests(): readonly RequestCount[];
  /** Maximum number of simultaneous requests so far. */
  readonly maxConcurrent: number;
  /** Mistakes of a client that Mailchimp ignores without an error, such as unknown fields. */
  readonly warnings: readonly string[];
  /** Closes all connections and deletes the files that it created, except those in `keepIn`. */
  close(): Promise<void>;
}

/**
 * Starts a simulated Mailchimp Marketing API on 127.0.0.1, by default with one empty audience `1a2b3c4d5e`. Its state is in memory and
 * lost at `close`, unless `keepIn` names a folder for it.
 * @throws Error when an option is invalid, a file cannot be read, or the port or the folder of `keepIn` is in use
 * @example
 * ```ts
 * import { startSandbox } from 'temporal-mailchimp/sandbox';
 *
 * const sandbox = await startSandbox({ audiences: [{ id: '1a2b3c4d5e', name: 'Newsletter' }] });
 * sandbox.fail('429 twice on POST /lists/*');
 * const accounts = { main: { apiKey: 'env:MAILCHIMP_API_KEY', baseUrl: sandbox.url } };
 * const { members, tags } = sandbox.state('1a2b3c4d5e');
 * await sandbox.close();
 * ```
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const world = new World(settingsOf(options), options.clock ?? Date.now);
  const kept = await fillWorld(world, options);
  const folder = kept?.batches ?? (await mkdtemp(join(options.folder ?? tmpdir(), 'mailchimp-sandbox-')));
  const recorder = openRecorder(options.record);
  const urls = new ResultUrls();
  let origin = '';
  let runOperation: ReturnType<typeof operationRunner> | undefined;
  const runner = new BatchRunner(world, folder, (account, operation) => runOperation!(account, operation));
  const router = new Router(world, [
    ...listRoutes,
    ...interestRoutes,
    ...memberRoutes,
    ...tagRoutes,
    ...segmentRoutes,
    ...mergeFieldRoutes,
    ...batchRoutes({ runner, urls, origin: () => origin }),
  ]);
  runOperation = operationRunner(world, router, recorder);
  const control = new Control(world, (account) => runner.pump(account));
  const app = new App();
  serveApi(app, { world, router, recorder });
  serveDownloads(app, world, urls);
  serveOauth(app, world, () => origin);
  serveControl(app, control);
  const close = async (): Promise<void> => {
    world.close();
    await app.close();
    await runner.settled();
    await recorder.close();
    if (kept) await kept.close();
    else await rm(folder, { recursive: true, force: true });
  };
  try {
    origin = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  } catch (error) {
    await close();
    throw error;
  }
  for (const account of world.accounts) runner.pump(account);
  return {
    url: origin + BASE,
    port: Number(new URL(origin).port),
    apiKey: options.apiKey ?? DEFAULT_API_KEY,
    control,
    fail: (rule) => control.fail(rule),
    clearFaults: () => control.clearFaults(),
    audiences: () => control.audiences(),
    state: (audienceId) => control.audience(audienceId),
    members: (audienceId, filter) => control.members(audienceId, filter),
    requests: () => world.counters.list(),
    get maxConcurrent() {
      return world.counters.maxConcurrent;
    },
    get warnings() {
      return [...world.warnings];
    },
    close,
  };
}

interface Kept {
  readonly batches: string;
  /** Writes the rest, and lets another sandbox use the folder. @throws Error when something could not be written */
  readonly close: () => Promise<void>;
}

/** Accounts with what an earlier run has kept of the first one, and with the audiences of the options. */
async function fillWorld(world: World, options: SandboxOptions): Promise<Kept | undefined> {
  createAccounts(world, options);
  if (options.keepIn === undefined) {
    await seedAudiences(world, options);
    return undefined;
  }
  const unlock = await lockFolder(options.keepIn);
  try {
    const files = await openKeptFiles(options.keepIn);
    const journal = await restoreAndKeep(world, options, files);
    const close = async () => {
      try {
        journal.close();
      } finally {
        await unlock();
      }
    };
    return { batches: files.batches, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function restoreAndKeep(world: World, options: SandboxOptions, files: KeptFiles): Promise<Journal> {
  const state = await readState(files.state);
  const first = world.accounts[0]!;
  if (state) {
    restoreAudiences(first, state);
    await restoreBatches(first, state, files.batches);
  }
  const isChanged = await seedAudiences(world, options);
  return keepAccount(first, files, !state || state.needsRewrite || isChanged);
}
