import type { AlertsConfig, ReceiverConfig } from '../config/alert-config';
import { alertId, eventFor, type Notice } from '../contract/alert';
import { ExportError } from '../errors';
import type { Alerts } from '../ports/alerts';
import type { SecretResolver } from '../ports/secrets';
import { linkOf, slackBody, teamsBody, webhookBody } from './bodies';
import { parseReceiverUrl } from './parse-url';
import { post } from './post';
import { readKeys, signatureHeaders } from './sign';

export interface AlertSettings {
  readonly receivers: AlertsConfig;
  readonly secrets: SecretResolver;
  /** Base address of Temporal's Web UI. Undefined: alerts have no link. */
  readonly webUi?: string | undefined;
}

/** The receivers of a configuration. Opens nothing. */
export function createAlerts({ receivers, secrets, webUi }: AlertSettings): Alerts {
  return {
    find: (notice) =>
      Object.entries(receivers).flatMap(([receiver, config]) => {
        const event = isAbout(config, notice) ? eventFor(notice, config) : undefined;
        return event === undefined ? [] : [{ receiver, event }];
      }),
    check: async (receiver) => {
      await resolve(receiver);
    },
    send: async (receiver, alert, { namespace, signal }) => {
      const { kind, url, keys } = await resolve(receiver);
      const link = linkOf(alert, webUi, namespace);
      const body = BODIES[kind](alert, link);
      // The time of the attempt: receivers refuse what is older than five minutes.
      const signed = { id: alertId(alert), timestamp: Math.floor(Date.now() / 1000), body };
      return post({ url, body, receiver, signal, ...(keys && { headers: signatureHeaders(signed, keys) }) });
    },
  };

  async function resolve(receiver: string): Promise<ResolvedReceiver> {
    const config = Object.hasOwn(receivers, receiver) ? receivers[receiver] : undefined;
    if (!config) throw notFound(receiver, Object.keys(receivers));
    const { kind } = config;
    const url = parseReceiverUrl(await secrets.resolve(config.url), receiver);
    if (kind !== 'webhook') return { kind, url };
    return { kind, url, keys: readKeys(await secrets.resolve(config.secret), receiver) };
  }
}

interface ResolvedReceiver {
  readonly kind: ReceiverConfig['kind'];
  readonly url: URL;
  /** Undefined where messages are not signed. */
  readonly keys?: readonly Buffer[];
}

const BODIES = { webhook: webhookBody, slack: slackBody, teams: teamsBody };

function isAbout({ destinations, labels }: ReceiverConfig, notice: Notice): boolean {
  if (!destinations && !labels) return true;
  return (
    destinations?.includes(notice.destinationId) === true ||
    labels?.some((label) => notice.labels.includes(label)) === true
  );
}

function notFound(receiver: string, names: readonly string[]): ExportError {
  const known = names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none.';
  return new ExportError(
    'RECEIVER_NOT_FOUND',
    `The configuration has no receiver of alerts "${receiver}". ${known} Add it under alerts, or correct the name.`,
  );
}
