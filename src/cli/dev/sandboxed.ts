import { join } from 'node:path';
import type { Config } from '../../config/config';
import type { AudienceSeed, MergeFieldSeed, Sandbox } from '../../sandbox';

const KEY_VARIABLE = 'TEMPORAL_MAILCHIMP_SANDBOX_KEY';

/** What a new audience has at Mailchimp. */
const STANDARD_FIELDS: readonly MergeFieldSeed[] = [
  { tag: 'FNAME', name: 'First Name', type: 'text' },
  { tag: 'LNAME', name: 'Last Name', type: 'text' },
  { tag: 'ADDRESS', name: 'Address', type: 'address' },
  { tag: 'PHONE', name: 'Phone Number', type: 'phone' },
];

/** The audiences that the configuration file names, empty, with the merge fields that it matches. */
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

/** The configuration with every account in the sandbox: nothing reaches the real Mailchimp, whatever key is set. */
export function intoSandbox(config: Config, { url, apiKey }: Pick<Sandbox, 'url' | 'apiKey'>): Config {
  process.env[KEY_VARIABLE] = apiKey;
  const accounts = Object.entries(config.accounts).map(([name, account]) => [
    name,
    { ...account, apiKey: `env:${KEY_VARIABLE}`, baseUrl: url },
  ]);
  return { ...config, accounts: Object.fromEntries(accounts) };
}

export interface OnThisMachine {
  readonly folder: string;
  readonly address: string;
}

/** Temporal and staging of `dev` in place of those that the file names. */
export function ontoThisMachine(config: Config, { folder, address }: OnThisMachine): Config {
  const { namespace, taskQueue } = config.temporal;
  return {
    ...config,
    staging: { ...config.staging, folder: join(folder, 'staging') },
    temporal: { address, namespace, taskQueue },
  };
}
