import type { RequestCount } from './counters';
import type { FaultRule } from './faults';
import type { SandboxOptions } from './options';
import type { AudienceState, MemberState, MemberStateFilter } from './control/report';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Router } from './api/router';
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
import { newApp } from './http/app';
import { serveControl } from './http/control-server';
import { serveOauth } from './http/oauth-server';
import { serveDownloads } from './http/download-server';
import { openRecorder } from './record';
import { operationRunner } from './run-operation';
import { seedWorld } from './seed';
import { DEFAULT_API_KEY, settingsOf } from './settings';
import { World } from './world';

export interface Sandbox {
  /** `http://127.0.0.1:PORT/3.0` */
  readonly url: string;
  readonly port: number;
  /** Of the first account. */
  readonly apiKey: string;
  readonly control: Control;
  /** Adds a fault, as an object or in its short form. */
  fail(rule: FaultRule | string): void;
  clearFaults(): void;
  /** @throws Error where there is no such audience */
  state(audienceId: string): AudienceState;
  /** @throws Error where there is no such audience */
  members(audienceId: string, filter?: MemberStateFilter): Generator<MemberState>;
  requests(): readonly RequestCount[];
  readonly maxConcurrent: number;
  /** What a client did that Mailchimp would pass over in silence. */
  readonly warnings: readonly string[];
  /** Cuts what is open, and removes the files it made. */
  close(): Promise<void>;
}

/**
 * Starts a Mailchimp on 127.0.0.1.
 * @throws Error where an option is wrong, a file cannot be read or the port is taken
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const world = new World(settingsOf(options), options.clock ?? Date.now);
  await seedWorld(world, options);
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'mailchimp-sandbox-'));
  const recorder = openRecorder(options.record);
  const urls = new ResultUrls();
  let origin = '';
  let runOperation: ReturnType<typeof operationRunner> | undefined;
  const runner = new BatchRunner(world, folder, (account, operation) => runOperation!(account, operation));
  const router = new Router(world, [
    ...listRoutes,
    ...memberRoutes,
    ...tagRoutes,
    ...segmentRoutes,
    ...mergeFieldRoutes,
    ...batchRoutes({ runner, urls, origin: () => origin }),
  ]);
  runOperation = operationRunner(world, router, recorder);
  const control = new Control(world);
  const app = newApp();
  serveApi(app, { world, router, recorder });
  serveDownloads(app, world, urls);
  serveOauth(app, world, () => origin);
  serveControl(app, control);
  const close = async (): Promise<void> => {
    world.close();
    await app.close();
    await runner.settled();
    await recorder.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    origin = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: origin + BASE,
    port: Number(new URL(origin).port),
    apiKey: options.apiKey ?? DEFAULT_API_KEY,
    control,
    fail: (rule) => control.fail(rule),
    clearFaults: () => control.clearFaults(),
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
