import type { SandboxOptions, SandboxSettings } from './options';
import { DEFAULT_SWITCHES } from './switches';

/** API key of a sandbox that sets none. */
export const DEFAULT_API_KEY = '0123456789abcdef0123456789abcdef-us1';
export const DEFAULT_AUDIENCE_ID = '1a2b3c4d5e';

const DEFAULTS: SandboxSettings = {
  replies: 'full',
  operationMs: 0,
  batchParallelism: 1,
  batchPolls: {},
  resultsPerFile: 1000,
  connectionLimit: 10,
  resultUrlMs: 10 * 60_000,
  batchRetentionMs: 7 * 24 * 3_600_000,
  statsCacheMs: 5 * 60_000,
  gzip: true,
  switches: DEFAULT_SWITCHES,
};

// Options of `startSandbox` that are not settings.
const OTHER_OPTIONS = new Set([
  'port',
  'apiKey',
  'audiences',
  'accounts',
  'record',
  'folder',
  'keepIn',
  'clock',
]);

/** Settings to change; the others stay as they are. */
export type SettingsPatch = Pick<SandboxOptions, keyof SandboxSettings>;

export function settingsOf(options: SandboxOptions): SandboxSettings {
  const settings: SandboxSettings = { ...DEFAULTS };
  patchSettings(settings, options);
  return settings;
}

/**
 * Changes the settings in `patch` and keeps the others.
 * @throws Error that names an unknown setting or a setting of the wrong type; nothing is changed then.
 */
export function patchSettings(settings: SandboxSettings, patch: SettingsPatch): void {
  for (const name of Object.keys(patch))
    if (!(name in DEFAULTS) && !OTHER_OPTIONS.has(name))
      throw new Error(`sandbox: there is no setting '${name}'`);
  const next: SandboxSettings = { ...settings };
  for (const name of Object.keys(DEFAULTS) as (keyof SandboxSettings)[])
    if (name !== 'batchPolls' && name !== 'switches') take(next, patch, name);
  if (patch.batchPolls !== undefined) next.batchPolls = everyState(patch.batchPolls);
  if (patch.switches) next.switches = { ...settings.switches, ...checkedSwitches(patch.switches) };
  Object.assign(settings, next);
}

function take(
  settings: SandboxSettings,
  patch: SettingsPatch,
  name: Exclude<keyof SandboxSettings, 'switches' | 'batchPolls'>,
): void {
  const value: unknown = patch[name];
  if (value === undefined) return;
  if (typeof value !== typeof DEFAULTS[name])
    throw new Error(`sandbox: '${name}' must be a ${typeof DEFAULTS[name]}`);
  if (name === 'replies' && value !== 'full' && value !== 'lean')
    throw new Error("sandbox: 'replies' must be 'full' or 'lean'");
  Object.assign(settings, { [name]: value });
}

function everyState(polls: number | SandboxSettings['batchPolls']): SandboxSettings['batchPolls'] {
  if (typeof polls !== 'number') return polls;
  return { pending: polls, preprocessing: polls, started: polls, finalizing: polls };
}

function checkedSwitches(switches: object): object {
  for (const [name, value] of Object.entries(switches)) {
    if (!(name in DEFAULT_SWITCHES)) throw new Error(`sandbox: there is no switch '${name}'`);
    const expected = typeof DEFAULT_SWITCHES[name as keyof typeof DEFAULT_SWITCHES];
    if (typeof value !== expected) throw new Error(`sandbox: the switch '${name}' takes a ${expected}`);
  }
  return switches;
}
