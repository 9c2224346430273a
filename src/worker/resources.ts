import { join, resolve } from 'node:path';
import type { ActivityDependencies } from '../activities';
import type { AccountConfig, WorkerConfig } from '../contract/config';
import { ExportError } from '../errors';
import { accountFor, chunkOperation, createLimiter, openAccount, type ConnectionLimiter } from '../mailchimp';
import { openSource } from '../sources';
import { extractAttributes, openStaging } from '../staging';
import { resolveSecret } from './secrets';

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
  const { memoryLimit, keepDays } = config.staging;
  const staging = await openStaging({ folder, memoryLimit });
  const limiters = new Map<string, ConnectionLimiter>();
  return {
    staging,
    keepDays,
    extractAttributes,
    chunkOperation,
    accountFor,
    openAccount: async (name) => {
      const account = find(config.accounts, name, 'ACCOUNT_NOT_FOUND');
      const limiter = limiters.get(name) ?? createLimiter({ connections: account.connections });
      limiters.set(name, limiter);
      return connect(account, { limiter, baseFolder });
    },
    openSource: async (name) => {
      const source = find(config.sources, name, 'SOURCE_NOT_FOUND');
      // Rows pass through it: on the same disk as staging. One for all, so that what killed processes left in it is found.
      return openSource(source, { baseFolder, memoryLimit, scratch: join(folder, 'scratch') });
    },
    close: () => staging.close(),
  };
}

function find<Entry>(
  entries: Readonly<Record<string, Entry>>,
  name: string,
  code: 'ACCOUNT_NOT_FOUND' | 'SOURCE_NOT_FOUND',
): Entry {
  // Not by the name alone: "constructor" is one that every object knows.
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry !== undefined) return entry;
  const what = code === 'ACCOUNT_NOT_FOUND' ? 'account' : 'source';
  throw new ExportError(
    code,
    `The worker's configuration has no ${what} "${name}". It has: ${Object.keys(entries).join(', ') || '(none)'}. Add it there and restart the worker.`,
  );
}

interface Connecting {
  readonly limiter: ConnectionLimiter;
  readonly baseFolder: string;
}

async function connect({ apiKey, baseUrl }: AccountConfig, { limiter, baseFolder }: Connecting) {
  const key = await resolveSecret(apiKey, baseFolder);
  return openAccount({ apiKey: key, limiter, ...(baseUrl !== undefined && { baseUrl }) });
}
