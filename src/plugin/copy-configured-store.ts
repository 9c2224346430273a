import { resolve, sep } from 'node:path';
import type { WorkerConfig } from '../config/config';
import { ExportError } from '../errors';
import { cancelCopy, type CopiedStore, copyStore } from '../staging';
import { addressOf, configuredStoreToRead, isServed } from './configured-store';

/** A store, as a configuration file names it. */
export interface ConfiguredPlace {
  readonly staging: WorkerConfig['staging'];
  readonly baseFolder: string;
}

export interface CopyBetween {
  readonly from: ConfiguredPlace;
  readonly to: ConfiguredPlace;
}

interface CopyOptions extends Pick<Parameters<typeof copyStore>[0], 'baselines' | 'onPass'> {}

/**
 * Copies the store of a configuration to the place of another one.
 * @throws ExportError INPUT_INVALID, and as `copyStore`
 */
export function copyConfiguredStore(between: CopyBetween, options: CopyOptions): Promise<CopiedStore> {
  const { memoryLimit } = between.from.staging;
  return withStores(between, (stores) => copyStore({ ...stores, ...options, memoryLimit }));
}

/** Gives up a copy that is not complete. @throws ExportError INPUT_INVALID, STORE_MOVED, STAGING_NOT_REACHABLE */
export function cancelConfiguredCopy(between: CopyBetween): Promise<{ readonly from: string }> {
  return withStores(between, cancelCopy);
}

/** Where the store is, in words. */
export function placeOf({ staging, baseFolder }: ConfiguredPlace): string {
  return isServed(staging) ? addressOf(staging) : resolve(baseFolder, staging.folder);
}

async function withStores<Result>(
  { from, to }: CopyBetween,
  work: (stores: Parameters<typeof cancelCopy>[0]) => Promise<Result>,
): Promise<Result> {
  requireApart({ from, to });
  const [addressOfFrom, addressOfTo] = [placeOf(from), placeOf(to)];
  const stores = { from: open(from), to: open(to) };
  try {
    return await work({ ...stores, addressOfFrom, addressOfTo });
  } finally {
    stores.from.close?.();
    stores.to.close?.();
  }
}

/** Files of objects pass through a temporary folder, one by one. */
function open({ staging, baseFolder }: ConfiguredPlace) {
  return configuredStoreToRead({ ...staging, cacheLimit: '0MB' }, baseFolder);
}

/** Otherwise the copy would copy itself. @throws ExportError INPUT_INVALID */
export function requireApart(between: CopyBetween): void {
  const [from, to] = [placeOf(between.from), placeOf(between.to)];
  if (!isWithin(from, to) && !isWithin(to, from)) return;
  throw new ExportError(
    'INPUT_INVALID',
    `A store cannot be copied from ${from} to ${to}: ${from === to ? 'both files name the same place' : 'one is inside the other'}. Nothing was changed.`,
  );
}

function isWithin(one: string, other: string): boolean {
  return `${one}/`.replaceAll(sep, '/').startsWith(`${other}/`.replaceAll(sep, '/'));
}
