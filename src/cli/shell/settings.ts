import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TemporalSchema, type Config, type TemporalConfig } from '../../config/config';
import { connectionSettings, type ConnectionSettings } from '../../config/connection';
import { DEFAULT_CONFIG_FILE, loadConfig, type LoadedConfig } from '../../config/config-file';
import { settingsOfProfile, settingsOfVariables } from './envconfig';
import type { GlobalOptions } from './global-options';

/**
 * Where `temporal-mailchimp dev` keeps its database, its staging store and its sandbox, beside the configuration file. The store is separate
 * from the worker's: a baseline from a sandbox must never be used for a real audience.
 */
export const DEV_FOLDER = '.temporal-mailchimp/dev';

export interface Settings {
  /** Undefined: there is no configuration file, and the command does not need one. */
  readonly config: Config | undefined;
  /** The server and the task queue, after options and environment. */
  readonly temporal: TemporalConfig;
  readonly connection: ConnectionSettings;
  /** Folder that relative paths and secret files are resolved against. */
  readonly baseFolder: string;
}

/** For commands that need the configuration file and no Temporal. @throws ExportError CONFIG_UNREADABLE, CONFIG_INVALID */
export async function requireConfig({ config }: GlobalOptions): Promise<LoadedConfig> {
  return loadConfig(config);
}

export interface RequiredSettings extends Settings {
  readonly config: Config;
  readonly path: string;
}

/** For commands that need the configuration file and Temporal. `config.temporal` is after options and environment as well. */
export async function requireSettings(options: GlobalOptions): Promise<RequiredSettings> {
  const loaded = await requireConfig(options);
  const { connection, temporal } = resolveTemporal(options, loaded);
  const { path, baseFolder } = loaded;
  return { config: { ...loaded.config, temporal }, path, baseFolder, connection, temporal };
}

/** For commands that only connect to Temporal: without a file, the defaults. A file named with --config must exist. */
export async function readSettings(options: GlobalOptions): Promise<Settings> {
  if (options.config === undefined && !existsSync(DEFAULT_CONFIG_FILE)) {
    return { config: undefined, ...resolveTemporal(options, undefined), baseFolder: resolve('.') };
  }
  return requireSettings(options);
}

const CONNECTION_KEYS = ['address', 'namespace', 'apiKey', 'tls'];

/**
 * Options before TEMPORAL_* variables before one of: the profile that is named, the `temporal` section, the default profile. These
 * three are never mixed: the key of one server would be sent to another.
 */
function resolveTemporal(options: GlobalOptions, loaded: LoadedConfig | undefined) {
  const connection = {
    ...connectionBase(options, loaded),
    ...settingsOfVariables(),
    ...settingsOfOptions(options),
  };
  const defaults = TemporalSchema.parse({});
  const temporal = loaded?.config.temporal ?? defaults;
  return {
    connection,
    temporal: {
      ...temporal,
      address: connection.address?.value ?? defaults.address,
      namespace: connection.namespace?.value ?? defaults.namespace,
      taskQueue: options.taskQueue ?? temporal.taskQueue,
    },
  };
}

function connectionBase({ profile }: GlobalOptions, loaded: LoadedConfig | undefined): ConnectionSettings {
  const name = profile ?? process.env['TEMPORAL_PROFILE'];
  if (name !== undefined) return settingsOfProfile(name);
  const isInFile = (key: string) => loaded?.temporalKeys.has(key) === true;
  if (!loaded || !CONNECTION_KEYS.some(isInFile)) return settingsOfProfile(undefined);
  const { address, namespace, ...others } = connectionSettings(loaded.config.temporal, loaded.baseFolder);
  return {
    ...others,
    ...(address && isInFile('address') && { address }),
    ...(namespace && isInFile('namespace') && { namespace }),
  };
}

function settingsOfOptions({ address, namespace }: GlobalOptions): ConnectionSettings {
  return {
    ...(address !== undefined && { address: { value: address, from: '--address' } }),
    ...(namespace !== undefined && { namespace: { value: namespace, from: '--namespace' } }),
  };
}
