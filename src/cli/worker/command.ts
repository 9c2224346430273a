import { Command } from 'commander';
import { ListenAddressSchema } from '../../config/config';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples, valueOf } from '../shell/options';
import { runWorkerUntil } from '../shell/run-worker';
import { requireSettings } from '../shell/settings';
import { listenForStop } from '../shell/terminal';
import { pairs } from '../text/table';

export function workerCommand(cli: Cli): Command {
  return new Command('worker')
    .summary('Run a Temporal Worker with MailchimpPlugin')
    .description(
      'Run a Temporal Worker with MailchimpPlugin.\n\n' +
        'Logs go to standard error. Ctrl-C or SIGTERM shuts the worker down: running steps have 10 seconds to finish, and exports ' +
        'continue on the next worker.',
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
    .addHelpText('after', examples('worker', 'worker --metrics-address 127.0.0.1:9464'))
    .action(action(cli, run));
}

interface WorkerOptions {
  readonly metricsAddress?: string;
  readonly healthAddress?: string;
}

async function run(invocation: Invocation, options: WorkerOptions): Promise<undefined> {
  const { config: configured, path, baseFolder, connection } = await requireSettings(invocation.options);
  const { metricsAddress, healthAddress } = { ...configured.worker, ...options };
  const config = { ...configured, worker: { metricsAddress, healthAddress } };
  const { address, namespace, taskQueue } = config.temporal;
  const worker = await lazy.worker().createWorker(config, baseFolder, connection);
  const stop = listenForStop(invocation.terminal);
  try {
    print(invocation, {
      json: { address, namespace, taskQueue, config: path },
      text: (page) =>
        [
          pairs(
            [
              ['Temporal', `${address}, namespace ${namespace}`],
              ['Task queue', taskQueue],
              ['Configuration', path],
              ...(metricsAddress ? ([['Metrics', `http://${metricsAddress}/metrics`]] as const) : []),
              ...(healthAddress ? ([['Health', `http://${healthAddress}/readyz`]] as const) : []),
            ],
            page,
          ),
          'The worker runs until Ctrl-C.',
        ].join('\n'),
    });
    await runWorkerUntil(worker, stop.requested);
    invocation.terminal.err('The worker has stopped.');
  } finally {
    stop.off();
  }
}
