import { isNativeError } from 'node:util/types';
import { Command, Option } from 'commander';
import type { AudienceSeed, Sandbox, SandboxOptions } from '../../sandbox';
import { lazy } from '../lazy';
import { audiencesOf, DEFAULT_AUDIENCE_ID, describeAudience } from './audience';
import { readSeedFile } from './seed-file';
import { startSandboxWith } from './start';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import type { GlobalOptions } from '../shell/global-options';
import { collect, examples, portNumber, wholeNumber } from '../shell/options';
import { readSettings } from '../shell/settings';
import { listenForStop } from '../shell/terminal';
import { count } from '../../text/format';
import type { Page } from '../text/page';
import { pairs } from '../text/table';

interface Options {
  readonly port: number;
  readonly audience?: string;
  readonly keepIn?: string;
  readonly record?: string;
  readonly replies: 'full' | 'lean';
  readonly operationMs: number;
  readonly fault?: readonly string[];
}

export function sandboxCommand(cli: Cli): Command {
  return new Command('sandbox')
    .summary('Run a simulated Mailchimp on this machine')
    .description(
      'Run a simulated Mailchimp on this machine until Ctrl-C: audiences, members, tags, batches, limits and faults.\n\n' +
        'Without --audience it has the audiences of the configuration file in this folder, with the merge fields that they match; without ' +
        `a file, one empty audience with the id ${DEFAULT_AUDIENCE_ID}. docs/sandbox.md describes faults, switches and the control port.`,
    )
    .option('--port <n>', 'port on 127.0.0.1; 0: a free port', portNumber, 0)
    .option(
      '--audience <file>',
      'initial audiences: a JSON file with one audience or a list; or an .ndjson file with one member per line',
    )
    .option('--keep-in <folder>', 'keep audiences, members and batches in this folder for the next run')
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
  const sandbox = await startSandboxWith(await toSandboxOptions(invocation, options));
  const stop = listenForStop(invocation.terminal);
  try {
    for (const rule of rules) sandbox.fail(rule);
    const { url, apiKey, port } = sandbox;
    print(invocation, {
      json: { url, apiKey, port, audiences: sandbox.audiences() },
      text: (page) => describe(sandbox, options, page),
    });
    await stop.requested;
    const requests = sandbox.requests().reduce((sum, { count: times }) => sum + times, 0);
    invocation.terminal.err(`The sandbox has stopped after ${count(requests)} requests.`);
  } finally {
    stop.off();
    await sandbox.close();
  }
}

function describe(sandbox: Sandbox, { keepIn }: Options, page: Page): string {
  const { url, apiKey } = sandbox;
  return [
    pairs(
      [
        ['Mailchimp', url],
        ['API key', apiKey],
        ['Audience', sandbox.audiences().map(describeAudience).join('\n')],
        ['Control', new URL('/_sandbox/state', url).href],
        ['Sign-in', new URL('/', url).href],
      ],
      page,
    ),
    '',
    'To export to it, in the configuration file:',
    '  accounts:',
    '    main:',
    '      apiKey: env:MAILCHIMP_API_KEY',
    `      baseUrl: ${url}`,
    'and where the worker starts:',
    `  export MAILCHIMP_API_KEY=${apiKey}`,
    '',
    keepIn === undefined
      ? 'Ctrl-C stops it, and its contacts are gone.'
      : `Ctrl-C stops it; ${keepIn} keeps its contacts.`,
  ].join('\n');
}

function readFault({ usageError }: Invocation, text: string) {
  try {
    return lazy.sandbox().parseFault(text);
  } catch (error) {
    return usageError(isNativeError(error) ? error.message : String(error));
  }
}

async function toSandboxOptions(
  { options: global }: Invocation,
  { port, audience, keepIn, record, replies, operationMs }: Options,
): Promise<SandboxOptions> {
  const audiences = audience === undefined ? await configured(global) : await readSeedFile(audience);
  return {
    port,
    replies,
    operationMs,
    // A person is there to choose.
    switches: { signInAnswer: 'page' },
    ...(keepIn !== undefined && { keepIn }),
    ...(record !== undefined && { record }),
    ...(audiences && { audiences }),
  };
}

async function configured(options: GlobalOptions): Promise<readonly AudienceSeed[] | undefined> {
  const { config } = await readSettings(options);
  const audiences = config ? audiencesOf(config) : [];
  return audiences.length > 0 ? audiences : undefined;
}
