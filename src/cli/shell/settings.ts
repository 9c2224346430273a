import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TemporalSchema, type Config } from '../../config/config';
import { parse } from '../../contract/parse';
import { DEFAULT_CONFIG_FILE, loadConfig, type LoadedConfig } from '../../config/config-file';
import type { GlobalOptions } from './invocation';

/**
 * Where `temporal-mailchimp dev` keeps its database and its staging store, beside the configuration file. The store is separate from
 * the worker's: a baseline from a sandbox must never be used for a real audience.
 */
export const DEV_FOLDER = '.temporal-mailchimp/dev';

export type Temporal = Config['temporal'];

export interface Settings {
  /** Undefined: there is no configuration file, and the command does not need one. */
  readonly config: Config | undefined;
  readonly temporal: Temporal;
  /** Folder that relative paths and secret files are resolved against. */
  readonly baseFolder: string;
}

/** For commands that need the configuration file. @throws ExportError CONFIG_UNREADABLE, CONFIG_INVALID */
export async function requireConfig(options: GlobalOptions): Promise<LoadedConfig> {
  const loaded = await loadConfig(options.config);
  return { ...loaded, config: { ...loaded.config, temporal: override(loaded.config.temporal, options) } };
}

/** For commands that only connect to Temporal: without a file, the defaults. A file named with --config must exist. */
export async function readSettings(options: GlobalOptions): Promise<Settings> {
  if (options.config === undefined && !existsSync(DEFAULT_CONFIG_FILE)) {
    return { config: undefined, temporal: override({}, options), baseFolder: resolve('.') };
  }
  const { config, baseFolder } = await requireConfig(options);
  return { config, temporal: config.temporal, baseFolder };
}

function override(temporal: Partial<Temporal>, { address, namespace, taskQueue }: GlobalOptions): Temporal {
  const merged = {
    ...temporal,
    ...(address !== undefined && { address }),
    ...(namespace !== undefined && { namespace }),
    ...(taskQueue !== undefined && { taskQueue }),
  };
  return parse(TemporalSchema, merged, { what: 'The connection to Temporal' });
}
