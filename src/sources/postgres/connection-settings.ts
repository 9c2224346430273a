import type { ConnectionOptions } from 'node:tls';
import type { PostgresSourceConfig, TlsMode } from '../../config/postgres-config';
import { ExportError } from '../../errors';
import type { SecretResolver } from '../../ports/secrets';

/** Where a server is, and who reads there. Contains the password: never log it. */
export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  /** False: without TLS. */
  readonly ssl: false | ConnectionOptions;
}

type Address = Omit<ServerSettings, 'ssl'> & { readonly mode?: TlsMode };
type Source = Pick<PostgresSourceConfig, 'url' | 'connection' | 'tls'>;

/**
 * Reads the secrets of a source.
 * @throws ExportError SECRET_UNAVAILABLE, CONFIG_INVALID
 */
export async function serverSettings(source: Source, secrets: SecretResolver): Promise<ServerSettings> {
  const { mode, ...address } = await addressOf(source, secrets);
  return { ...address, ssl: await tlsOptions(source.tls, { host: address.host, mode }, secrets) };
}

async function addressOf({ url, connection }: Source, secrets: SecretResolver): Promise<Address> {
  if (url !== undefined) return parseUrl(await secrets.resolve(url), url);
  if (!connection) throw new ExportError('CONFIG_INVALID', 'The source has neither url nor connection.');
  const { password: reference, ...address } = connection;
  return {
    ...address,
    ...(reference !== undefined && { password: await secrets.resolve(reference) }),
  };
}

/** The last three, which providers put into URLs, change nothing that is read. */
const PARAMETERS = new Set([
  'host',
  'sslmode',
  'user',
  'application_name',
  'channel_binding',
  'connect_timeout',
]);

/** Taken apart here, since drivers differ in what `sslmode=require` means. @param reference for messages, which must not contain the URL */
function parseUrl(text: string, reference: string): Address {
  if (!/^postgres(ql)?:/.test(text) || !URL.canParse(text))
    throw invalidUrl(reference, 'it is no URL of the form postgres://user:password@host:port/database');
  const url = new URL(text);
  const parameters = new Map(url.searchParams);
  const unknown = [...parameters.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined)
    throw invalidUrl(
      reference,
      `it has the parameter ${unknown}, which means nothing here. Certificates are named in the section tls of the source`,
    );
  const part = (value: string) => decode(value, reference);
  const database = part(url.pathname.slice(1));
  const user = parameters.get('user') ?? part(url.username);
  if (database === '' || user === '') throw invalidUrl(reference, 'it has no user, or no database');
  const host = parameters.get('host') ?? part(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  const mode = modeOf(parameters.get('sslmode'), reference);
  return {
    host: host === '' ? '127.0.0.1' : host,
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    user,
    ...(url.password !== '' && { password: part(url.password) }),
    ...(mode && { mode }),
  };
}

function decode(part: string, reference: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidUrl(reference, 'a percent sign in it is not followed by two hexadecimal digits');
  }
}

const MODES: readonly TlsMode[] = ['disable', 'require', 'verify-ca', 'verify-full'];

function modeOf(text: string | undefined, reference: string): TlsMode | undefined {
  if (text === undefined) return undefined;
  const mode = MODES.find((known) => known === text);
  if (mode) return mode;
  throw invalidUrl(
    reference,
    `its sslmode is none of ${MODES.join(', ')}. The modes allow and prefer would fall back to an unencrypted connection`,
  );
}

function invalidUrl(reference: string, problem: string): ExportError {
  return new ExportError('CONFIG_INVALID', `The URL in ${reference} cannot be used: ${problem}. Correct it.`);
}

interface Endpoint {
  readonly host: string;
  /** Of the URL. */
  readonly mode: TlsMode | undefined;
}

async function tlsOptions(
  tls: PostgresSourceConfig['tls'],
  { host, mode: ofUrl }: Endpoint,
  secrets: SecretResolver,
): Promise<ServerSettings['ssl']> {
  const mode = tls?.mode ?? ofUrl ?? (tls === undefined && isThisMachine(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') {
    if (tls?.serverCaCert === undefined && tls?.clientCert === undefined) return false;
    throw new ExportError(
      'CONFIG_INVALID',
      'The source has certificates in tls, but its TLS mode is disable. Remove one of them.',
    );
  }
  const { serverName, serverCaCert, clientCert, clientKey } = tls ?? {};
  const name = serverName ?? host;
  const read = async (reference: string | undefined) =>
    reference === undefined ? undefined : secrets.resolve(reference);
  const [ca, cert, key] = [await read(serverCaCert), await read(clientCert), await read(clientKey)];
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    // An address is no name that TLS could send.
    ...(/[a-z]/i.test(name) && !name.includes(':') && { servername: name }),
    // As libpq does: with an authority, `require` is verify-ca.
    rejectUnauthorized: mode !== 'require' || ca !== undefined,
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  };
}

function isThisMachine(host: string): boolean {
  return host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host);
}
