import { Command, Option } from 'commander';
import {
  BuildIdSchema,
  type Config,
  DeploymentNameSchema,
  ListenAddressSchema,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
} from '../../config/config';
import { ExportError } from '../../errors';
import { setCurrentVersion } from '../../text/worker-deployment';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples, valueOf } from '../shell/options';
import { runWorkerUntil } from '../shell/run-worker';
import { requireSettings } from '../shell/settings';
import { listenForStop } from '../shell/terminal';
import { pairs } from '../text/table';
import { besideDev } from './beside-dev';

export function workerCommand(cli: Cli): Command {
  return new Command('worker')
    .summary('Run a Temporal Worker with MailchimpPlugin')
    .description(
      'Run a Temporal Worker with MailchimpPlugin.\n\n' +
        'Logs go to standard error. Ctrl-C or SIGTERM shuts the worker down, usually within 10 seconds: a step of an export that does not end ' +
        'within one second is cancelled, and the next worker continues it.',
    )
    .option(
      '--metrics-address <host:port>',
      'serve metrics for Prometheus; overrides the file',
      valueOf(ListenAddressSchema),
    )
    .option(
      '--health-address <host:port>',
      'serve /healthz and /readyz; overrides the file',
      valueOf(ListenAddressSchema),
    )
    .addOption(
      new Option(
        '--deployment <name>',
        'worker deployment that this worker is a version of; overrides the file',
      )
        .env('TEMPORAL_DEPLOYMENT_NAME')
        .argParser(valueOf(DeploymentNameSchema)),
    )
    .addOption(
      new Option('--build-id <id>', 'which version of the deployment it is; overrides the file')
        .env('TEMPORAL_WORKER_BUILD_ID')
        .argParser(valueOf(BuildIdSchema)),
    )
    .option('--pin-exports', 'let each export end on the version that it began on; overrides the file')
    .addOption(
      new Option(
        '--log-format <format>',
        'lines for people, or one JSON object each; overrides the file',
      ).choices(LOG_FORMATS),
    )
    .addOption(
      new Option('--log-level <level>', 'least level to log; overrides the file').choices(LOG_LEVELS),
    )
    .addHelpText(
      'after',
      examples(
        'worker',
        'worker --metrics-address 127.0.0.1:9464',
        'worker --log-format json',
        'worker --deployment mailchimp --build-id 2026-11-30',
      ),
    )
    .action(action(cli, run));
}

interface WorkerOptions {
  readonly metricsAddress?: string;
  readonly healthAddress?: string;
  readonly deployment?: string;
  readonly buildId?: string;
  readonly pinExports?: true;
  readonly logFormat?: LogFormat;
  readonly logLevel?: LogLevel;
}

async function run(invocation: Invocation, options: WorkerOptions): Promise<undefined> {
  const settings = await requireSettings(invocation.options);
  const { config: configured, path, baseFolder, connection } = settings;
  const { metricsAddress, healthAddress, logFormat, logLevel } = { ...configured.worker, ...options };
  const deployment = deploymentOf(configured.worker, options);
  const config = {
    ...configured,
    worker: { metricsAddress, healthAddress, logFormat, logLevel, deployment },
  };
  const { address, namespace, taskQueue } = config.temporal;
  const worker = await lazy
    .worker()
    .createWorker(config, baseFolder, connection)
    .catch(async (error: unknown) => {
      throw (await besideDev(error, settings)) ?? error;
    });
  const stop = listenForStop(invocation.terminal);
  try {
    print(invocation, {
      json: { address, namespace, taskQueue, config: path, ...(deployment && { deployment }) },
      text: (page) =>
        [
          pairs(
            [
              ['Temporal', `${address}, namespace ${namespace}`],
              ['Task queue', taskQueue],
              ['Configuration', path],
              ...(metricsAddress ? ([['Metrics', `http://${metricsAddress}/metrics`]] as const) : []),
              ...(healthAddress ? ([['Health', `http://${healthAddress}/readyz`]] as const) : []),
              ...(deployment ? ([['Deployment', describe(deployment)]] as const) : []),
            ],
            page,
          ),
          ...(deployment
            ? [`It gets work while it is the current version: ${setCurrentVersion(deployment, namespace)}`]
            : []),
          'The worker runs until Ctrl-C.',
        ].join('\n'),
    });
    await runWorkerUntil(worker, stop.requested);
    invocation.terminal.err('The worker has stopped.');
  } finally {
    stop.off();
  }
}

type Deployment = NonNullable<Config['worker']['deployment']>;

/** A file may name the deployment, and the command line the build. */
function deploymentOf(
  { deployment: inFile }: Config['worker'],
  { deployment: name = inFile?.name, buildId = inFile?.buildId, pinExports }: WorkerOptions,
): Deployment | undefined {
  if (name === undefined) {
    if (buildId === undefined && pinExports === undefined) return undefined;
    throw new ExportError(
      'CONFIG_INVALID',
      'A build id, or pinned exports, belong to a worker deployment. Name it by --deployment, TEMPORAL_DEPLOYMENT_NAME or worker.deployment.name.',
    );
  }
  const exports = pinExports ? 'pinned' : (inFile?.exports ?? 'auto-upgrade');
  return { name, ...(buildId !== undefined && { buildId }), exports };
}

function describe({ name, buildId, exports }: Deployment): string {
  return `${name}, build ${buildId}; exports ${exports === 'pinned' ? 'are pinned to it' : 'upgrade'}`;
}
