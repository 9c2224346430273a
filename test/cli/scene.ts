import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from '../support/until';
import { CROWD, CROWD_MEMBERS, openStage, person, type Stage, type StageOptions } from '../support/stage';
import { run, runJson, type FakeTerminalOptions, type Ran } from './terminal';

export interface Scene extends Stage {
  readonly configFile: string;
  /** How its hints begin: as its command lines do. */
  readonly program: string;
  /** Replaces sections of the configuration file. */
  writeConfig(change?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Runs a command line with this scene's configuration file. */
  cli(line: string, options?: FakeTerminalOptions): Promise<Ran>;
  cliJson(line: string): Promise<Ran & { document: unknown }>;
}

/** A stage with a configuration file, five profiles and two segments. */
export async function openScene(options: StageOptions = {}): Promise<Scene> {
  const stage = await openStage(options);
  const configFile = join(stage.folder, 'temporal-mailchimp.yaml');
  const inFull = (line: string) => [...wordsOf(line), '--config', configFile];
  const scene: Scene = {
    ...stage,
    configFile,
    program: `temporal-mailchimp --config ${configFile}`,
    writeConfig: (change = {}) => writeFile(configFile, stringify({ ...configOf(stage), ...change })),
    cli: (line, more) => run(inFull(line), more),
    cliJson: (line) => runJson(inFull(line)),
  };
  await scene.writeConfig();
  await stage.writeProfiles([person(1), person(2), person(3), person(4), person(5, { email: 'no address' })]);
  await stage.writeMembers([
    ['000001', 'vip'],
    ['000002', 'vip'],
    ['000002', 'north'],
    ['000003', 'north'],
    ['000005', 'north'],
  ]);
  return scene;
}

/** Blocks the next export by batches: the canary of five contacts is delivered, the other three wait in a batch. */
export async function blockBatches(scene: Scene): Promise<void> {
  await scene.writeProfiles(CROWD);
  await scene.writeMembers(CROWD_MEMBERS);
  scene.sandbox.fail('stuck batch always');
}

export function destinationOf({ destinationId }: Stage, change: Readonly<Record<string, unknown>> = {}) {
  const connect = {
    name: 'Newsletter',
    account: 'main',
    audienceId: 'c417f00d5e',
    source: 'people',
    statusIfNew: 'subscribed',
  };
  const configure = {
    email: 'email',
    fields: { FNAME: 'first', LNAME: 'last', COUNTRY: 'country' },
    segments: { vip: 'VIP', north: null },
  };
  return { [destinationId]: { connect, configure, ...change } };
}

function configOf(stage: Stage) {
  return {
    ...stage.config,
    temporal: { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue },
    destinations: destinationOf(stage),
  };
}

/** Splits at spaces; "two words" in quotes are one word. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Runs a worker until the returned function is called. Resolves when the server lists it as a poller. */
export async function startWorker(stage: Stage): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const ended = stage.withWorker(() => once(stop.signal, 'abort'));
  const { workflowService } = stage.temporal;
  await Promise.race([
    ended,
    until(async () => {
      const taskQueue = { name: stage.taskQueue };
      const { pollers } = await workflowService.describeTaskQueue({ namespace: 'default', taskQueue });
      return (pollers ?? []).length > 0;
    }),
  ]);
  return async () => {
    stop.abort();
    await ended;
  };
}

/** The same, and connects and configures the destination. */
export async function startConfigured(scene: Scene): Promise<() => Promise<void>> {
  const stop = await startWorker(scene);
  await scene.cli(`destination connect ${scene.destinationId} --agree --as Kim`);
  await scene.cli(`destination configure ${scene.destinationId}`);
  return stop;
}
