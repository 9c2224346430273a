import { Command } from 'commander';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples } from '../shell/options';
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
    .addHelpText('after', examples('worker', 'worker --config production.yaml'))
    .action(action(cli, run));
}

async function run(invocation: Invocation): Promise<undefined> {
  const { config, path, baseFolder, connection } = await requireSettings(invocation.options);
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
