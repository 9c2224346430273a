import { Command, Option } from 'commander';
import type { ReceiverConfig } from '../../config/alert-config';
import type { Config } from '../../config/config';
import { ALERT_EVENTS, type AlertEvent } from '../../contract/alert';
import type { Reason } from '../../contract/reason';
import { ExportError } from '../../errors';
import { lazy } from '../lazy';
import { EXIT_REFUSED } from '../shell/failure';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples } from '../shell/options';
import { requireConfig } from '../shell/settings';
import { toned, type Page } from '../text/page';
import { table } from '../text/table';
import { sampleAlert } from './sample';

export function alertsCommand(cli: Cli): Command {
  return new Command('alerts')
    .description('List the receivers of alerts of the configuration file, and try them')
    .addCommand(listCommand(cli))
    .addCommand(testCommand(cli));
}

function listCommand(cli: Cli): Command {
  return new Command('list')
    .description('List the receivers of alerts, and what each of them gets; sends nothing')
    .addHelpText('after', examples('alerts list', 'alerts list --json'))
    .action(action(cli, list));
}

async function list(invocation: Invocation): Promise<undefined> {
  const { config } = await requireConfig(invocation.options);
  const receivers = Object.entries(config.alerts);
  print(invocation, {
    json: {
      receivers: receivers.map(([name, receiver]) => ({ name, ...receiver })),
    },
    text: (page) =>
      receivers.length === 0
        ? 'No receivers. Add one to the configuration file, under alerts.'
        : table(
            ['RECEIVER', 'KIND', 'ON', 'REJECTS ABOVE', 'OF DESTINATIONS', 'URL'],
            receivers.map(([name, { kind, on, rejectsAbove, url, ...filter }]) => [
              name,
              kind,
              on.join(', '),
              String(rejectsAbove),
              describeFilter(filter),
              url,
            ]),
            page,
          ),
  });
}

function describeFilter({
  destinations = [],
  labels = [],
}: Pick<ReceiverConfig, 'destinations' | 'labels'>): string {
  const named = [...destinations, ...labels.map((label) => `label ${label}`)];
  return named.length === 0 ? 'all' : named.join(', ');
}

function testCommand(cli: Cli): Command {
  return new Command('test')
    .summary('Send a sample to the receivers of alerts')
    .description(
      'Send a sample, marked as a test, to one receiver of alerts or to all, from this machine and without Temporal. ' +
        'The URL and the secret are read here, as the worker reads them. Each is tried once. Exit code 1 when one has not taken it.',
    )
    .argument('[receiver]', 'name of the receiver; default: all')
    .addOption(
      new Option(
        '--on <event>',
        'what the sample is about (default: the first that the receiver wants)',
      ).choices(ALERT_EVENTS),
    )
    .addHelpText('after', examples('alerts test', 'alerts test ops --on held'))
    .action(action(cli, test));
}

/** How a receiver has answered. */
interface Tried {
  readonly receiver: string;
  readonly kind: ReceiverConfig['kind'];
  readonly event: AlertEvent;
  /** Of the reply; undefined without one. */
  readonly status?: number;
  /** The beginning of the reply. */
  readonly reply?: string;
  readonly failure?: Reason;
}

async function test(
  invocation: Invocation,
  given: string | undefined,
  { on }: { readonly on?: AlertEvent },
): Promise<number | undefined> {
  const { config, baseFolder } = await requireConfig(invocation.options);
  const alerts = lazy.alerts().configuredAlerts(config, baseFolder);
  const tried = await Promise.all(
    chosen(config, given).map(([receiver, { kind, on: wanted }]) => {
      const event = on ?? wanted[0] ?? 'held';
      const sent = alerts.send(receiver, sampleAlert(event, config), {
        namespace: config.temporal.namespace,
      });
      return outcomeOf({ receiver, kind, event }, sent);
    }),
  );
  const isFine = tried.every(({ failure }) => !failure);
  print(invocation, { json: { isFine, receivers: tried }, text: (page) => describe(tried, page) });
  return isFine ? undefined : EXIT_REFUSED;
}

function chosen({ alerts }: Config, given: string | undefined): [string, ReceiverConfig][] {
  const all = Object.entries(alerts);
  const found = given === undefined ? all : all.filter(([name]) => name === given);
  if (found.length > 0) return found;
  const names = all.map(([name]) => name).join(', ');
  throw new ExportError(
    'RECEIVER_NOT_FOUND',
    names === ''
      ? 'The configuration file has no receiver of alerts. Add one under alerts.'
      : `The configuration file has no receiver of alerts "${given}". It has: ${names}.`,
  );
}

async function outcomeOf(
  tried: Pick<Tried, 'receiver' | 'kind' | 'event'>,
  sent: Promise<{ readonly status: number; readonly text: string }>,
): Promise<Tried> {
  try {
    const { status, text } = await sent;
    return { ...tried, status, reply: text };
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    const { code, message, details, cause } = error;
    const status = details['status'];
    return {
      ...tried,
      ...(typeof status === 'number' && { status }),
      ...(cause instanceof Error && { reply: cause.message }),
      failure: { code, message },
    };
  }
}

function describe(tried: readonly Tried[], page: Page): string {
  const rows = tried.map(({ receiver, kind, event, status, reply, failure }) => [
    toned(page, failure ? 'bad' : 'good', failure ? 'failed' : 'ok'),
    receiver,
    kind,
    event,
    [
      failure ? `${failure.code}: ${failure.message}` : `answered ${status}.`,
      ...(reply ? [`Its reply: ${reply}`] : []),
    ].join(' '),
  ]);
  return table(['STATUS', 'RECEIVER', 'KIND', 'ON', 'FOUND'], rows, page);
}
