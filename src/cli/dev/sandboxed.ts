import type { Config } from '../../config/config';
import { stagingInFolder } from '../../config/staging-in-folder';
import type { Sandbox } from '../../sandbox';

const KEY_VARIABLE = 'TEMPORAL_MAILCHIMP_SANDBOX_KEY';

/** Points every account to the sandbox, so that no request reaches Mailchimp, whatever key is set. */
export function useSandbox(config: Config, { url, apiKey }: Pick<Sandbox, 'url' | 'apiKey'>): Config {
  process.env[KEY_VARIABLE] = apiKey;
  const accounts = Object.entries(config.accounts).map(([name, account]) => [
    name,
    { ...account, apiKey: `env:${KEY_VARIABLE}`, oauth: undefined, baseUrl: url },
  ]);
  return { ...config, accounts: Object.fromEntries(accounts) };
}

export interface LocalSetup {
  /** Folder of the store. */
  readonly staging: string;
  readonly address: string;
}

/** Replaces Temporal's address and the staging folder of the file with those of `dev`. */
export function useLocalSetup(config: Config, { staging, address }: LocalSetup): Config {
  const { namespace, taskQueue, encryption, searchAttributes } = config.temporal;
  return {
    ...config,
    staging: stagingInFolder(config.staging, staging),
    // Commands beside it read the keys from the file too.
    temporal: { address, namespace, taskQueue, searchAttributes, ...(encryption && { encryption }) },
  };
}
