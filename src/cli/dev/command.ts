import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Config } from '../../config/config';
import { DEFAULT_CONFIG_FILE } from '../../config/config-file';
import { ExportError } from '../../errors';
import { programName } from '../shell/hints';
import { followsDev } from '../shell/running-dev';
import { DEV_FOLDER, requireSettings, type Settings } from '../shell/settings';
import { startDev, type Dev } from './start';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { Interrupted, listenForStop } from '../shell/terminal';
import { examples, portNumber } from '../shell/options';
import { runWorkerUntil } from '../shell/run-worker';
import { describeAudience } from '../sandbox/audience';
import type { Page } from '../text/page';
import { pairs } from '../text/table';

interface Options {
  readonly port?: number;
  readonly uiPort: number;
  readonly sandboxPort: number;
  readonly fresh?: boolean;
}

export function devCommand(cli: Cli): Command {
  return new Command('dev')
    .summary('Run Temporal, its Web UI, a Mailchimp sandbox and a worker on this machine')
    .description(
      'Run Temporal with its Web UI, a Mailchimp sandbox and a worker on this machine until Ctrl-C.\n\n' +
        'Uses the sources and destinations of the configuration file. Every account points to the sandbox, so no request reaches ' +
        `Mailchimp. Everything is kept in ${DEV_FOLDER} for the next run: Temporal's database, the staging store and the sandbox with its ` +
        'audiences and members.',
    )
    .option(
      '--port <n>',
      "Temporal's port (default: the port of temporal.address when it is local, otherwise 7233); 0: a free port",
      portNumber,
    )
    .option('--ui-port <n>', 'port of the Web UI; 0: a free port', portNumber, 8233)
    .option('--sandbox-port <n>', 'port of the Mailchimp sandbox; 0: a free port', portNumber, 0)
    .option('--fresh', 'start over: delete the database, the store and the sandbox of earlier runs')
    .addHelpText('after', examples('dev', 'dev --fresh', 'dev --port 7300 --ui-port 8300'))
    .action(action(cli, run));
}

async function run(invocation: Invocation, options: Options): Promise<undefined> {
  const { terminal } = invocation;
  const settings = await requireFile(invocation);
  const { config, baseFolder } = settings;
  const folder = resolve(baseFolder, DEV_FOLDER);
  const stop = listenForStop(terminal);
  try {
    const starting = startDev({
      config,
      baseFolder,
      folder,
      fresh: options.fresh ?? false,
      report: terminal.err,
      ...portsOf(config, options),
    });
    const dev = await orInterrupted(starting, stop.requested);
    try {
      print(invocation, {
        json: toJson(dev),
        text: (page) => describe(dev, programAt(dev.server.address, invocation, settings), page),
      });
      await runWorkerUntil(dev.worker, stop.requested);
    } finally {
      terminal.err('Stopping …');
      await dev.close();
    }
  } finally {
    stop.off();
  }
}

async function requireFile({ options }: Invocation) {
  if (options.config !== undefined || existsSync(DEFAULT_CONFIG_FILE)) return requireSettings(options);
  throw new ExportError(
    'CONFIG_UNREADABLE',
    `There is no ${DEFAULT_CONFIG_FILE} in this folder, and dev needs its sources. Write one with temporal-mailchimp init, name another ` +
      'file with --config, or try it without a file: temporal-mailchimp demo --keep',
  );
}

function portsOf({ temporal }: Config, { port, uiPort, sandboxPort }: Options) {
  const [, local] = /^(?:127\.0\.0\.1|localhost):(\d+)$/.exec(temporal.address) ?? [];
  return { port: port ?? Number(local ?? 7233), uiPort, sandboxPort };
}

/** Downloading or building a Temporal server can take minutes, so Ctrl-C must work during the start. */
async function orInterrupted(starting: Promise<Dev>, stop: Promise<void>): Promise<Dev> {
  const dev = await Promise.race([starting, stop]);
  if (dev) return dev;
  void starting.then((late) => late.close()).catch(() => undefined);
  throw new Interrupted('Stopped before everything had started.');
}

function toJson({ server, sandbox, config, folder, isNew }: Dev) {
  const { namespace, taskQueue } = config.temporal;
  return {
    temporal: { address: server.address, namespace, uiUrl: server.uiUrl ?? null },
    sandbox: { url: sandbox.url, apiKey: sandbox.apiKey, audiences: sandbox.audiences() },
    worker: { taskQueue, staging: config.staging.folder },
    folder,
    isNew,
  };
}

function describe({ server, sandbox, config, folder, isNew }: Dev, program: string, page: Page): string {
  const { namespace, taskQueue } = config.temporal;
  return [
    pairs(
      [
        ['Temporal', `${server.address}, namespace ${namespace}`],
        ['Web UI', server.uiUrl ?? ''],
        ['Mailchimp', `${sandbox.url} (a sandbox)`],
        ['API key', sandbox.apiKey],
        ['Audience', sandbox.audiences().map(describeAudience).join('\n')],
        ['Worker', `task queue ${taskQueue}`],
        ['Data', folder],
      ],
      page,
    ),
    '',
    ...(isNew ? firstSteps(config, program) : nextSteps(config, program)),
    '',
    'Ctrl-C stops everything; the next run continues with the same data.',
  ].join('\n');
}

/** With the address of this server, unless commands in this folder use it by themselves: they may reach another one. */
function programAt(address: string, { options }: Invocation, settings: Settings): string {
  const { address: _option, ...others } = options;
  const { temporal, connection } = settings;
  const isUsual =
    followsDev(settings) || (temporal.address === address && connection.address?.from !== '--address');
  return programName(isUsual ? others : { ...others, address });
}

/** The commands for a first export, to be run in another terminal in the same folder. */
export function firstSteps({ destinations }: Pick<Config, 'destinations'>, program: string): string[] {
  const [destination = 'NAME'] = Object.keys(destinations);
  return [
    'In another terminal, a first export:',
    `  ${program} destination connect ${destination} --agree --as "YOUR NAME"`,
    `  ${program} destination configure ${destination}`,
    `  ${program} export start ${destination}`,
  ];
}

export function nextSteps({ destinations }: Pick<Config, 'destinations'>, program: string): string[] {
  const [destination = 'NAME'] = Object.keys(destinations);
  return [
    'Destinations and contacts of earlier runs are there (dev --fresh starts over). In another terminal:',
    `  ${program} destination list`,
    `  ${program} export start ${destination}`,
  ];
}
