import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { useSandbox } from '../dev/sandboxed';
import type { Terminal } from './terminal';
import { DEV_FOLDER, type RequiredSettings, type Settings } from './settings';
import { readDevServer } from './web-ui';

/** The file with the id of the process that uses the folder of `dev`. */
export function ownerFile(devFolder: string): string {
  return join(devFolder, 'dev.pid');
}

/** The process that uses the folder of `dev`; undefined: none. This process is none: it had the same id in a container before its restart. */
export async function ownerOf(devFolder: string): Promise<number | undefined> {
  const pid = Number(await readFile(ownerFile(devFolder), 'utf8').catch(() => '0'));
  return Number.isSafeInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Whether a command that runs beside the configuration file uses the server of `dev`: only where nothing says how to connect, but for the
 * namespace, which `dev` takes from the same places. Keys and certificates are for another server.
 */
export function followsDev({ config, connection }: Pick<Settings, 'config' | 'connection'>): boolean {
  return config !== undefined && Object.keys(connection).every((name) => name === 'namespace');
}

/** What the `dev` has left that runs in the folder of the configuration file; undefined: none runs. */
async function runningDev({ baseFolder }: Pick<Settings, 'baseFolder'>) {
  const folder = resolve(baseFolder, DEV_FOLDER);
  return (await ownerOf(folder)) === undefined ? undefined : readDevServer(folder);
}

/** Whether a command uses the server of the `dev` that runs in the folder of the configuration file. */
export async function usesDev(settings: Pick<Settings, 'baseFolder' | 'temporal'>): Promise<boolean> {
  return (await runningDev(settings))?.address === settings.temporal.address;
}

/** The address of the Temporal server of that `dev`; undefined: none runs, or a command would not use it. */
export async function addressOfDev(settings: Settings): Promise<string | undefined> {
  return followsDev(settings) ? (await runningDev(settings))?.address : undefined;
}

/** With the sandbox of that `dev` in the place of every account, as its worker has it. */
export async function withAccountsOfDev<Found extends Pick<RequiredSettings, 'config' | 'baseFolder'>>(
  found: Found,
  terminal: Terminal,
): Promise<Found> {
  const sandbox = (await runningDev(found))?.sandbox;
  if (!sandbox) return found;
  terminal.err(`Using the sandbox at ${sandbox.url}: dev runs in the folder of the configuration file.`);
  return { ...found, config: useSandbox(found.config, sandbox) };
}

/** With the address of the `dev` that runs in the folder of the configuration file. Otherwise a command reaches another project's server. */
export async function withServerOfDev<Found extends Settings>(
  settings: Found,
  terminal: Terminal,
): Promise<Found> {
  const address = await addressOfDev(settings);
  const { temporal } = settings;
  if (address === undefined || address === temporal.address) return settings;
  terminal.err(`Using Temporal at ${address}: dev runs in the folder of the configuration file.`);
  const connection = { ...settings.connection, address: { value: address, from: 'the running dev' } };
  return { ...settings, connection, temporal: { ...temporal, address } };
}
