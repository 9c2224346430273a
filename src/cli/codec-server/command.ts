import { Command, InvalidArgumentError, Option } from 'commander';
import { SecretReferenceSchema } from '../../config/secret-reference';
import { resolveSecret } from '../../config/secrets';
import { ExportError } from '../../errors';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples, portNumber, text, valueOf } from '../shell/options';
import { requireSettings } from '../shell/settings';
import { listenForStop } from '../shell/terminal';
import { pairs } from '../text/table';

interface Options {
  readonly token: string;
  readonly origin?: readonly string[];
  readonly host: string;
  readonly port: number;
}

export function codecServerCommand(cli: Cli): Command {
  return new Command('codec-server')
    .summary("Decrypt payloads for Temporal's Web UI and CLI")
    .description(
      'Decrypt payloads for the Web UI and the CLI of Temporal, with the keys of temporal.encryption.\n\n' +
        'Each request must carry the token. In the Web UI: the glasses at the top right, "Use my browser setting", and the endpoint URL/TOKEN, ' +
        'which that browser keeps; in the CLI: --codec-endpoint URL --codec-auth "Bearer TOKEN". It speaks HTTP: put a server with a certificate ' +
        'before it where it leaves this machine, one that does not log paths, which have the token. Take a token of letters and digits, such as ' +
        'from openssl rand -hex 32; encode other characters as in a URL.',
    )
    .requiredOption(
      '--token <reference>',
      'token that requests carry, of at least 16 characters: env:VARIABLE or file:PATH',
      valueOf(SecretReferenceSchema),
    )
    .addOption(
      new Option('--origin <url>', 'origin of a Web UI that may ask; repeatable').argParser(collectOrigin),
    )
    .option('--host <host>', 'address to listen on', text, '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0: a free one', portNumber, 8081)
    .addHelpText('after', examples('codec-server --token env:CODEC_TOKEN --origin http://127.0.0.1:8233'))
    .action(action(cli, run));
}

async function run(
  invocation: Invocation,
  { token, origin: origins = [], host, port }: Options,
): Promise<undefined> {
  const { temporal, baseFolder, path } = await requireSettings(invocation.options);
  if (!temporal.encryption)
    throw new ExportError(
      'CONFIG_INVALID',
      `${path} has no temporal.encryption, so there is nothing to decrypt. Add its keys.`,
    );
  const { configuredCodec, startCodecServer } = lazy.encryption();
  const codec = await configuredCodec(temporal.encryption, baseFolder);
  const secret = await resolveSecret(token, baseFolder);
  const server = await startCodecServer({ codec, token: secret, origins, host, port });
  const stop = listenForStop(invocation.terminal);
  try {
    print(invocation, {
      json: { url: server.url, keys: Object.keys(temporal.encryption.keys) },
      text: (page) =>
        [
          pairs(
            [
              ['Codec server', server.url],
              ['In the Web UI', `${server.url}/TOKEN, with the token in its place`],
              ['Origins', origins.join(', ') || 'none: only the CLI can ask'],
            ],
            page,
          ),
          'It runs until Ctrl-C.',
        ].join('\n'),
    });
    await stop.requested;
  } finally {
    stop.off();
    await server.close();
  }
}

/** As a browser sends it: without a path, and without the slash that is copied with a URL. */
function collectOrigin(value: string, before: readonly string[] = []): string[] {
  if (/^https?:/.test(value) && URL.canParse(value)) return [...before, new URL(value).origin];
  throw new InvalidArgumentError('It must be a URL that starts with https:// or http://.');
}
