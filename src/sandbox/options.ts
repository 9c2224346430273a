import type { MergeFieldOptions, MergeFieldType } from './model/merge-field';
import type { MemberStatus } from './model/member';
import type { SandboxSwitches } from './switches';

/** A merge field of a new audience, as Mailchimp describes it. */
export interface MergeFieldSeed {
  readonly tag: string;
  readonly name: string;
  readonly type: MergeFieldType;
  readonly required?: boolean;
  readonly options?: MergeFieldOptions;
}

/** A member of a new audience, with Mailchimp's names. */
export interface MemberSeed {
  readonly email_address: string;
  readonly status: MemberStatus;
  readonly merge_fields?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** Who ended the subscription of an unsubscribed or archived member. Default 'contact' when `status` is unsubscribed. */
  readonly unsubscribed_by?: 'contact' | 'api';
}

/** An audience that exists when the sandbox starts. */
export interface AudienceSeed {
  /** 10 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly doubleOptin?: boolean;
  readonly emailTypeOption?: boolean;
  /** Whether GDPR fields are enabled. */
  readonly marketingPermissions?: boolean;
  /** Default: FNAME, LNAME, ADDRESS and PHONE, like a new audience. */
  readonly mergeFields?: readonly MergeFieldSeed[];
  /** Names of groups (the API calls them interests) by the title of their category. Default: none. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly members?: readonly MemberSeed[];
  /** A file of `MemberSeed`s: NDJSON, or one JSON array. */
  readonly membersFile?: string;
}

/** An account of one user. */
export interface AccountSeed {
  /** All keys of the account's user. They share its connections. */
  readonly apiKeys: readonly string[];
  readonly name?: string;
  readonly audiences?: readonly AudienceSeed[];
}

/** Mailchimp's states of a batch, in their order. */
export type BatchState = 'pending' | 'preprocessing' | 'started' | 'finalizing' | 'finished';

/** Settings that can be changed while the sandbox runs. */
export interface SandboxSettings {
  /** 'full': `_links` and all fields, about 3.3 KB per member. 'lean': the fields that the exporter reads. */
  replies: 'full' | 'lean';
  /** Simulated duration in milliseconds of an operation of a batch or of a direct write. */
  operationMs: number;
  /** Number of batches that run at the same time, per account. */
  batchParallelism: number;
  /** How often a client must read each state of a batch before the batch moves on. */
  batchPolls: Partial<Record<BatchState, number>>;
  /** Number of results per file of an archive. */
  resultsPerFile: number;
  /** Simultaneous connections per user. */
  connectionLimit: number;
  /** How long a result URL is valid, in milliseconds. */
  resultUrlMs: number;
  /** How long a finished batch is kept, in milliseconds. */
  batchRetentionMs: number;
  /** How long audience statistics are cached, in milliseconds. */
  statsCacheMs: number;
  /** Whether replies are compressed for clients that accept gzip. */
  gzip: boolean;
  switches: SandboxSwitches;
}

/** What a sandbox starts with. The settings can be changed while it runs (`control.set`). */
export interface SandboxOptions {
  /** Default 0: a free port. Listens on 127.0.0.1 only. */
  readonly port?: number;
  /** `<32 hex>-<dc>`. Default `0123456789abcdef0123456789abcdef-us1`. */
  readonly apiKey?: string;
  /** Audiences of the account of `apiKey`. Default: one, `1a2b3c4d5e`, empty. */
  readonly audiences?: readonly AudienceSeed[];
  /** Additional accounts. */
  readonly accounts?: readonly AccountSeed[];
  /** File to append one JSON line per API request to; never contains a credential. */
  readonly record?: string;
  /** Folder for the results of batches until the sandbox closes. Default: the system's temporary folder. */
  readonly folder?: string;
  /**
   * Folder that keeps the state of the first account over restarts: audiences, members, tags, merge fields and batches, with their ids.
   * What a request has changed is written before its reply. `audiences` are added where the folder has none of their ids, and their merge
   * fields where those are missing; members are seeded only into new audiences. One sandbox at a time may use it: a second one is refused. Default: nothing is kept.
   */
  readonly keepIn?: string;
  /** Default 'full'. */
  readonly replies?: SandboxSettings['replies'];
  /** Default 0. */
  readonly operationMs?: number;
  /** Default 1. */
  readonly batchParallelism?: number;
  /** Default: none, so batches move on by themselves. A number applies to every state except `finished`. */
  readonly batchPolls?: number | SandboxSettings['batchPolls'];
  /** Default 1,000. */
  readonly resultsPerFile?: number;
  /** Default 10. */
  readonly connectionLimit?: number;
  /** Default 10 minutes. */
  readonly resultUrlMs?: number;
  /** Default 7 days. */
  readonly batchRetentionMs?: number;
  /** Default 5 minutes. */
  readonly statsCacheMs?: number;
  /** Default true. */
  readonly gzip?: boolean;
  readonly switches?: Partial<SandboxSwitches>;
  /** Current time in unix milliseconds, for tests that skip time. Default `Date.now`. */
  readonly clock?: () => number;
}
