import type { Config } from '../../config/config';
import type { AudienceSeed, MergeFieldSeed, Sandbox } from '../../sandbox';

const KEY_VARIABLE = 'TEMPORAL_MAILCHIMP_SANDBOX_KEY';

/** The merge fields of a new Mailchimp audience. */
const STANDARD_FIELDS: readonly MergeFieldSeed[] = [
  { tag: 'FNAME', name: 'First Name', type: 'text' },
  { tag: 'LNAME', name: 'Last Name', type: 'text' },
  { tag: 'ADDRESS', name: 'Address', type: 'address' },
  { tag: 'PHONE', name: 'Phone Number', type: 'phone' },
];

/** The audiences of the configuration file, without members, with the merge fields that it matches. None: a sandbox makes one by itself. */
export function audiencesOf({ destinations }: Config): AudienceSeed[] {
  const audiences = new Map<string, AudienceSeed>();
  for (const { connect, configure } of Object.values(destinations)) {
    const known = audiences.get(connect.audienceId);
    const mergeFields = [...(known?.mergeFields ?? STANDARD_FIELDS)];
    for (const tag of Object.keys(configure?.fields ?? {})) {
      if (!mergeFields.some((field) => field.tag === tag)) mergeFields.push({ tag, name: tag, type: 'text' });
    }
    audiences.set(connect.audienceId, { id: connect.audienceId, name: connect.name, mergeFields });
  }
  return [...audiences.values()];
}

/** Points every account to the sandbox, so that no request reaches Mailchimp, whatever key is set. */
export function useSandbox(config: Config, { url, apiKey }: Pick<Sandbox, 'url' | 'apiKey'>): Config {
  process.env[KEY_VARIABLE] = apiKey;
  const accounts = Object.entries(config.accounts).map(([name, account]) => [
    name,
    { ...account, apiKey: `env:${KEY_VARIABLE}`, baseUrl: url },
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
  const { namespace, taskQueue } = config.temporal;
  return {
    ...config,
    staging: { ...config.staging, folder: staging },
    temporal: { address, namespace, taskQueue },
  };
}
