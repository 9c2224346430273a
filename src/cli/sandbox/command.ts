import { isNativeError } from 'node:util/types';
import { Command, Option } from 'commander';
import { ExportError } from '../../errors';
import type { Sandbox, SandboxOptions } from '../../sandbox';
import { lazy } from '../lazy';
import { readSeedFile } from './seed-file';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples, portNumber, wholeNumber } from '../shell/options';
import { listenForStop } from '../shell/terminal';
import { count } from '../../text/format';
import { pairs } from '../text/table';

interface Options {
  readonly port: number;
  readonly audience?: string;
  readonly record?: string;
  readonly replies: 'full' | 'lean';
  readonly operationMs: number;
  readonly fault?: readonly string[];
}

export function sandboxCommand(cli: Cli): Command {
  return new Command('sandbox')
    .summary('Run a simulated Mailchimp on this machine')
    .description(
      'Run a simulated Mailchimp on this machine until Ctrl-C: audiences, members, tags, batches, limits and faults.',
    )
    .option('--port <n>', 'port on 127.0.0.1; 0: a free port', portNumber, 0)
    .option(
      '--audience <file>',
      'initial audiences: a JSON file with one audience or a list; or an .ndjson file with one member per line',
    )
    .option('--record <file>', 'append one JSON line per request to this file; without credentials')
    .addOption(
      new Option(
        '--replies <size>',
        'full: all fields, about 3.3 KB per member; lean: the fields that the exporter reads',
      )
        .choices(['full', 'lean'])
        .default('full'),
    )
    .option('--operation-ms <n>', 'simulated duration of an operation in milliseconds', wholeNumber, 0)
    .option('--fault <rule>', 'inject a fault, e.g. "429 twice on POST /lists/*"; repeatable', collect)
    .addHelpText(
      'after',
      examples(
        'sandbox --port 8090 --record requests.ndjson',
        'sandbox --fault "429 twice on POST /lists/*" --fault "stuck batch"',
      ),
    )
    .action(action(cli, run));
}

async function run(invocation: Invocation, options: Options): Promise<undefined> {
  const rules = (options.fault ?? []).map((text) => readFault(invocation, text));
  const sandbox = await startSandboxWith(await toSandboxOptions(options));
  const stop = listenForStop(invocation.terminal);
  try {
    for (const rule of rules) sandbox.fail(rule);
    const { url, apiKey, port } = sandbox;
    print(invocation, {
      json: { url, apiKey, port },
      text: () =>
        [
          pairs([
            ['Mailchimp', url],
            ['API key', apiKey],
          ]),
          'To use it, set accounts.NAME.baseUrl and accounts.NAME.apiKey (by reference) in the configuration file. Ctrl-C stops it.',
        ].join('\n'),
    });
    await stop.requested;
    const requests = sandbox.requests().reduce((sum, { count: times }) => sum + times, 0);
    invocation.terminal.err(`The sandbox has stopped after ${count(requests)} requests.`);
  } finally {
    stop.off();
    await sandbox.close();
  }
}

function readFault({ usageError }: Invocation, text: string) {
  try {
    return lazy.sandbox().parseFault(text);
  } catch (error) {
    return usageError(isNativeError(error) ? error.message : String(error));
  }
}

async function toSandboxOptions(options: Options): Promise<SandboxOptions> {
  const { port, audience, record, replies, operationMs } = options;
  return {
    port,
    replies,
    operationMs,
    ...(record !== undefined && { record }),
    ...(audience !== undefined && { audiences: await readSeedFile(audience) }),
  };
}

/** Starts a sandbox. Its errors have no code, since it imports nothing of the product; they get one here. @throws ExportError INPUT_INVALID */
export async function startSandboxWith(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await lazy.sandbox().startSandbox(options);
  } catch (error) {
    if (!isNativeError(error)) throw error;
    if ('code' in error && error.code === 'EADDRINUSE') {
      throw new ExportError(
        'INPUT_INVALID',
        `The sandbox cannot listen on 127.0.0.1:${options.port}: the port is in use. Choose another port, or omit --port for a free one.`,
        { cause: error },
      );
    }
    if (!error.message.startsWith('sandbox:')) throw error;
    const advice = error.message.startsWith('sandbox: the state file')
      ? '. Delete what earlier runs have kept, and start over: temporal-mailchimp dev --fresh'
      : '';
    throw new ExportError('INPUT_INVALID', `The sandbox did not start. ${error.message}${advice}`, {
      cause: error,
    });
  }
}
