import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ExportError } from '../errors';
import type { TemporalConfig } from './config';
import { errorCode } from './error-code';
import { resolveSecret } from './secrets';

/** A value, and the name of the place that set it: `--address`, `TEMPORAL_ADDRESS`, `temporal.address`. */
export interface Setting<Value> {
  readonly value: Value;
  readonly from: string;
}

/** A text, or where it is kept; a reference is `env:NAME` or `file:PATH`. */
export type TextSource =
  | { readonly text: string }
  | { readonly path: string }
  | { readonly reference: string; readonly baseFolder: string };

/** The connection to Temporal. Each setting may come from another place. */
export interface ConnectionSettings {
  readonly address?: Setting<string>;
  readonly namespace?: Setting<string>;
  readonly apiKey?: Setting<TextSource>;
  /** Absent: on when there is an API key or another setting of TLS. */
  readonly tls?: Setting<boolean>;
  readonly serverName?: Setting<string>;
  readonly serverCaCert?: Setting<TextSource>;
  readonly clientCert?: Setting<TextSource>;
  readonly clientKey?: Setting<TextSource>;
  /** Headers of every request. */
  readonly metadata?: Setting<Readonly<Record<string, string>>>;
}

/** Options of `Connection` and `NativeConnection`. They contain the secrets themselves: never log them. */
export interface TemporalConnectionOptions {
  readonly address: string;
  readonly apiKey?: string;
  readonly tls?:
    | boolean
    | {
        readonly serverNameOverride?: string;
        readonly serverRootCACertificate?: Buffer;
        readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
      };
  readonly metadata?: Record<string, string>;
}

/** The settings of the `temporal` section. @param baseFolder where relative paths start */
export function connectionSettings(
  { address, namespace, apiKey, tls }: TemporalConfig,
  baseFolder: string,
): ConnectionSettings {
  const source = (reference: string) => ({ reference, baseFolder });
  const certificate = (reference: string) => certificateSource(reference, baseFolder);
  const { serverName, serverCaCert, clientCert, clientKey } = typeof tls === 'object' ? tls : {};
  return {
    address: { value: address, from: 'temporal.address' },
    namespace: { value: namespace, from: 'temporal.namespace' },
    ...(apiKey !== undefined && { apiKey: { value: source(apiKey), from: 'temporal.apiKey' } }),
    ...(tls !== undefined && { tls: { value: tls !== false, from: 'temporal.tls' } }),
    ...(serverName !== undefined && { serverName: { value: serverName, from: 'temporal.tls.serverName' } }),
    ...(serverCaCert !== undefined && {
      serverCaCert: { value: certificate(serverCaCert), from: 'temporal.tls.serverCaCert' },
    }),
    ...(clientCert !== undefined && {
      clientCert: { value: certificate(clientCert), from: 'temporal.tls.clientCert' },
    }),
    ...(clientKey !== undefined && {
      clientKey: { value: certificate(clientKey), from: 'temporal.tls.clientKey' },
    }),
  };
}

/** A path, so that an error names the file. */
function certificateSource(reference: string, baseFolder: string): TextSource {
  const [, path] = /^file:(.+)$/.exec(reference) ?? [];
  return path === undefined ? { reference, baseFolder } : { path: resolve(baseFolder, path) };
}

/**
 * Reads keys and certificates.
 * @throws ExportError CONFIG_UNREADABLE, SECRET_UNAVAILABLE, or CONFIG_INVALID for half of a client certificate
 */
export async function connectionOptions(
  settings: ConnectionSettings,
  address: string,
): Promise<TemporalConnectionOptions> {
  const { apiKey, metadata } = settings;
  const tls = await tlsOptions(settings);
  return {
    address,
    ...(apiKey && { apiKey: (await readText(apiKey, 'API key')).toString() }),
    ...(tls !== undefined && { tls }),
    ...(metadata && { metadata: { ...metadata.value } }),
  };
}

async function tlsOptions(settings: ConnectionSettings): Promise<TemporalConnectionOptions['tls']> {
  const { apiKey, tls, serverName, serverCaCert, clientCert, clientKey } = settings;
  if (tls?.value === false) return false;
  if (!serverName && !serverCaCert && !clientCert && !clientKey) return tls || apiKey ? true : undefined;
  requireBoth(clientCert, clientKey);
  return {
    ...(serverName && { serverNameOverride: serverName.value }),
    ...(serverCaCert && { serverRootCACertificate: await readText(serverCaCert, 'CA certificate') }),
    ...(clientCert &&
      clientKey && {
        clientCertPair: {
          crt: await readText(clientCert, 'client certificate'),
          key: await readText(clientKey, 'key of the client certificate'),
        },
      }),
  };
}

function requireBoth(cert: ConnectionSettings['clientCert'], key: ConnectionSettings['clientKey']): void {
  if ((cert === undefined) === (key === undefined)) return;
  const [set, missing] = cert ? [cert, 'its key is'] : [key!, 'the certificate for this key is'];
  throw new ExportError(
    'CONFIG_INVALID',
    `For TLS with a client certificate, ${set.from} is set but ${missing} not. Set both, or neither.`,
  );
}

async function readText({ value, from }: Setting<TextSource>, what: string): Promise<Buffer> {
  if ('text' in value) return Buffer.from(value.text);
  if ('reference' in value) return Buffer.from(await resolveSecret(value.reference, value.baseFolder));
  const path = resolve(value.path);
  try {
    return await readFile(path);
  } catch (error) {
    throw new ExportError(
      'CONFIG_UNREADABLE',
      `The ${what} ${path} (${from}) could not be read (${errorCode(error)}). Check the path and its permissions.`,
    );
  }
}

/** The message of TEMPORAL_UNREACHABLE. @param from where the address was set; undefined: it is the default */
export function describeUnreachable(address: string, from: string | undefined): string {
  return (
    `No Temporal server answers at ${address}${from === undefined ? '' : ` (${from})`}. Start one (temporal-mailchimp dev starts ` +
    'everything), or set another address with --address, TEMPORAL_ADDRESS or temporal.address in the configuration file.'
  );
}
