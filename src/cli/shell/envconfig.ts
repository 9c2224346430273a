import type { ClientConfigProfile, ClientConfigTLS, ConfigDataSource } from '@temporalio/envconfig';
import { readFileSync } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { z } from 'zod';
import type { ConnectionSettings, Setting, TextSource } from '../../config/connection';
import { errorCode } from '../../config/error-code';
import { AddressSchema, NamespaceSchema } from '../../config/config';
import { tryParse } from '../../contract/parse';
import { ExportError } from '../../errors';
import { lazy } from '../lazy';

type Environment = Readonly<Record<string, string | undefined>>;

/** The words for where each setting is, in the environment and in a profile. */
interface Places {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey: string;
  readonly tls: string;
  readonly serverName: string;
  readonly serverCaCert: string;
  readonly clientCert: string;
  readonly clientKey: string;
  readonly metadata: string;
}

const VARIABLES: Places = {
  address: 'TEMPORAL_ADDRESS',
  namespace: 'TEMPORAL_NAMESPACE',
  apiKey: 'TEMPORAL_API_KEY',
  tls: 'TEMPORAL_TLS',
  serverName: 'TEMPORAL_TLS_SERVER_NAME',
  serverCaCert: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  clientCert: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  clientKey: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
  metadata: 'TEMPORAL_GRPC_META_*',
};

/** What the `TEMPORAL_*` variables set, as Temporal's own tools read them. @throws ExportError CONFIG_INVALID */
export function settingsOfVariables(env: Environment = process.env): ConnectionSettings {
  requireKnownBooleans(env);
  const places = placesIn(env);
  const profile = load(() =>
    lazy.envconfig().loadClientConfigProfile({ disableFile: true, overrideEnvVars: definedOf(env) }),
  );
  return settingsOf(profile, places);
}

/** A certificate is either in a variable or in a file that a variable names. */
function placesIn(env: Environment): Places {
  const places = { ...VARIABLES };
  for (const place of ['serverCaCert', 'clientCert', 'clientKey'] as const) {
    const path = places[place];
    const data = path.replace(/PATH$/, 'DATA');
    if (env[data] === undefined) continue;
    if (env[path] !== undefined) throw invalid(`Both ${path} and ${data} are set. Set one of them.`);
    places[place] = data;
  }
  return places;
}

/** Other words than these turn TLS off in Temporal's SDK: a key would travel unencrypted. */
function requireKnownBooleans(env: Environment): void {
  const { TEMPORAL_TLS: tls, TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: unverified } = env;
  if (tls !== undefined && !/^(?:true|false|0|1)$/.test(tls)) {
    throw invalid(`TEMPORAL_TLS is "${tls}", but must be true, false, 1 or 0.`);
  }
  if (unverified === 'true' || unverified === '1') {
    throw invalid(
      "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is not supported by Temporal's TypeScript SDK. Use TEMPORAL_TLS_SERVER_NAME or " +
        'TEMPORAL_TLS_SERVER_CA_CERT_PATH.',
    );
  }
}

/**
 * What a profile of `temporal.toml` sets: of the file that TEMPORAL_CONFIG_FILE names, otherwise of the user's.
 * @param name default: the profile "default"; undefined where there is none
 * @throws ExportError CONFIG_INVALID, which names a key that is misspelt, or a profile that does not exist; CONFIG_UNREADABLE
 */
export function settingsOfProfile(
  name: string | undefined,
  env: Environment = process.env,
): ConnectionSettings {
  const file = env['TEMPORAL_CONFIG_FILE'];
  const where =
    file === undefined
      ? "Temporal's configuration file (temporal.toml)"
      : `the file ${file} (TEMPORAL_CONFIG_FILE)`;
  const profile = load(
    () =>
      lazy.envconfig().loadClientConfigProfile({
        disableEnv: true,
        configFileStrict: true,
        overrideEnvVars: definedOf({ ...env, TEMPORAL_PROFILE: undefined }),
        ...(name !== undefined && { profile: name }),
        // Named as a source, a missing file is an error.
        ...(file !== undefined && { configSource: { data: readNamed(file) } }),
      }),
    where,
  );
  const key = (path: string) => `profile.${name ?? 'default'}.${path} of ${where}`;
  return settingsOf(profile, {
    address: key('address'),
    namespace: key('namespace'),
    apiKey: key('api_key'),
    tls: key('tls'),
    serverName: key('tls.server_name'),
    serverCaCert: key('tls.server_ca_cert_path'),
    clientCert: key('tls.client_cert_path'),
    clientKey: key('tls.client_key_path'),
    metadata: key('grpc_meta'),
  });
}

function readNamed(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ExportError(
      'CONFIG_UNREADABLE',
      `The file ${file} could not be read (${errorCode(error)}). TEMPORAL_CONFIG_FILE names it: correct or unset the variable.`,
    );
  }
}

function load(read: () => ClientConfigProfile, where = 'the environment'): ClientConfigProfile {
  try {
    return read();
  } catch (error) {
    if (error instanceof ExportError || !isNativeError(error)) throw error;
    // The parser of TOML quotes the lines around a mistake, which may contain a key.
    const [reason = ''] = error.message.replace(/^Validation error: /, '').split('\n');
    throw invalid(`The connection to Temporal could not be read from ${where}: ${reason}.`);
  }
}

function settingsOf(profile: ClientConfigProfile, places: Places): ConnectionSettings {
  const { address, namespace, apiKey, tls = {}, grpcMeta } = profile;
  const { disabled, serverName, serverCACert, clientCert, clientKey } = tls satisfies ClientConfigTLS;
  const entries = {
    address: checked(AddressSchema, address, places.address),
    namespace: checked(NamespaceSchema, namespace, places.namespace),
    apiKey: toSource(checked(TextSchema, apiKey, places.apiKey)),
    tls: profile.tls && { value: disabled !== true, from: places.tls },
    serverName: checked(TextSchema, serverName, places.serverName),
    serverCaCert: fromData(serverCACert, places.serverCaCert),
    clientCert: fromData(clientCert, places.clientCert),
    clientKey: fromData(clientKey, places.clientKey),
    metadata: checked(MetadataSchema, grpcMeta, places.metadata),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, setting]) => setting !== undefined));
}

const TextSchema = z.string('a text').min(1, 'a text that is not empty');
const MetadataSchema = z.record(z.string(), z.string('a text'));

function checked<Value>(schema: z.ZodType<Value>, value: unknown, from: string): Setting<Value> | undefined {
  if (value === undefined) return undefined;
  const result = tryParse(schema, value);
  if (result.success) return { value: result.data, from };
  throw invalid(`${from} must be ${result.error.issues.map(({ message }) => message).join(', ')}.`);
}

function toSource(setting: Setting<string> | undefined): Setting<TextSource> | undefined {
  return setting && { value: { text: setting.value }, from: setting.from };
}

function fromData(source: ConfigDataSource | undefined, from: string): Setting<TextSource> | undefined {
  if (!source) return undefined;
  if ('path' in source) {
    const path = checked(TextSchema, source.path, from);
    return path && { value: { path: path.value }, from };
  }
  return {
    value: { text: Buffer.from(source.data).toString('utf8') },
    from: from.replace(/_path\b/, '_data'),
  };
}

function definedOf(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function invalid(message: string): ExportError {
  return new ExportError('CONFIG_INVALID', message);
}
