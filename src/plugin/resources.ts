import { join, resolve } from 'node:path';
import type { ActivityDependencies } from '../activities';
import type { WorkerConfig } from '../config/config';
import { openSource } from '../sources';
import { openStaging } from '../staging';
import { createAccounts } from './accounts';
import { findEntry } from './find-entry';

/** One is read from staging or unpacked while the other one is on its way. */
const PARTS_IN_MEMORY = 2;

export interface Resources extends ActivityDependencies {
  readonly close: () => Promise<void>;
}

/**
 * Opens what the steps need: the staging store, accounts and sources by name. The one place that knows which port is filled by what.
 *
 * @param baseFolder where relative paths of the configuration start
 */
export async function openResources(config: WorkerConfig, baseFolder: string): Promise<Resources> {
  const folder = resolve(baseFolder, config.staging.folder);
  const { memoryLimit, keepDays, workerTimeoutSeconds } = config.staging;
  const staging = await openStaging({ folder, memoryLimit });
  const tidying = tidyDaily(() => staging.expireAll(keepDays));
  const connect = createAccounts(config.accounts, baseFolder);
  const slots = new Map<string, ReturnType<typeof createSemaphore>>();
  // By account: one that does not answer must not keep the others waiting.
  const slotsOf = (account: string) => {
    const found = slots.get(account) ?? createSemaphore(PARTS_IN_MEMORY);
    slots.set(account, found);
    return found;
  };
  return {
    staging,
    keepDays,
    workerTimeoutSeconds,
    withPartInMemory: (account, work) => slotsOf(account)(work),
    openAccount: connect,
    openSource: async (name) => {
      const source = findEntry(config.sources, name, 'SOURCE_NOT_FOUND');
      // Rows pass through it: on the same disk as staging. One for all, so that what killed processes left in it is found.
      return openSource(source, { baseFolder, memoryLimit, scratch: join(folder, 'scratch') });
    },
    close: () => {
      clearInterval(tidying);
      return staging.close();
    },
  };
}

const DAY_MS = 24 * 60 * 60_000;

/** Now and every day: row files are not to outlive their time where nothing is exported any more. */
function tidyDaily(tidy: () => Promise<void>): NodeJS.Timeout {
  // What cannot be deleted today may be so tomorrow, and exports do not depend on it.
  const tryTo = () => void tidy().catch(() => undefined);
  tryTo();
  return setInterval(tryTo, DAY_MS).unref();
}

/** Lets at most so many pieces of work run at once; the others wait, first come first served. */
export function createSemaphore(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The slot passes on as it is: counting down first would let somebody else in between.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
