import { loadConfig } from '../../config/config-file';
import type { Config } from '../../config/config';
import { configuredSegments } from '../../config/source-config';
import { NOT_EXPORTED_OUTCOMES } from '../../contract/outcome';

/** What has been typed before the word to complete. */
export interface Typed {
  /** Value of --config. */
  readonly config: string | undefined;
  /** Arguments of the command. */
  readonly args: readonly string[];
}

type Names = (config: Config, typed: Typed) => readonly string[];

const destinations: Names = (config) => Object.keys(config.destinations);
/** Those of the file; others are known to Temporal only. */
const schedules: Names = (config) =>
  Object.entries(config.destinations).flatMap(([name, { schedule }]) => (schedule ? [name] : []));
const sources: Names = (config) => Object.keys(config.sources);
const receivers: Names = (config) => Object.keys(config.alerts);
const accounts: Names = (config) => Object.keys(config.accounts);

/** Of the source of the destination, or of all sources where that is not known. */
const segments: Names = (config, { args: [destination = ''] }) => {
  const source = config.destinations[destination]?.connect.source;
  const known = source === undefined ? Object.values(config.sources) : [config.sources[source]];
  return [...new Set(known.flatMap((found) => (found && configuredSegments(found)) ?? []))];
};

/** The source may be omitted where there is only one. */
const sourcesOrSegments: Names = (config) => {
  const names = Object.keys(config.sources);
  return names.length === 1 ? [...names, ...segmentsOf(config, names[0]!)] : names;
};

const segmentsOfSource: Names = (config, { args: [source = ''] }) => segmentsOf(config, source);

function segmentsOf({ sources: all }: Config, source: string): readonly string[] {
  const found = Object.hasOwn(all, source) ? all[source] : undefined;
  return (found && configuredSegments(found)) ?? [];
}

/** By the names of arguments and options, which mean the same in every command. */
const NAMES: Readonly<Record<string, Names>> = {
  '<name>': destinations,
  '[destination]': destinations,
  '--destination': destinations,
  '<schedule>': schedules,
  '[source]': sources,
  '<source>': sourcesOrSegments,
  '[segment]': segmentsOfSource,
  '--source': sources,
  '[receiver]': receivers,
  '[account]': accounts,
  '--account': accounts,
  '--segment': segments,
};

/** Names of the configuration file that an argument or an option takes. None where the file cannot be read. */
export async function namesFor(which: string, typed: Typed): Promise<readonly string[]> {
  if (which === '--outcome') return NOT_EXPORTED_OUTCOMES;
  const names = NAMES[which];
  if (!names) return [];
  try {
    const { config } = await loadConfig(typed.config);
    return names(config, typed);
  } catch {
    // Pressing Tab must print no error into the line.
    return [];
  }
}
