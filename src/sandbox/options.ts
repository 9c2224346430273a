import type { MergeFieldOptions, MergeFieldType } from './model/merge-field';
import type { MemberStatus } from './model/member';
import type { SandboxSwitches } from './switches';

export interface MergeFieldSeed {
  readonly tag: string;
  readonly name: string;
  readonly type: MergeFieldType;
  readonly required?: boolean;
  readonly options?: MergeFieldOptions;
}

export interface MemberSeed {
  readonly email_address: string;
  readonly status: MemberStatus;
  readonly merge_fields?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** Who ended the subscription of an unsubscribed or archived member. Default 'contact' where `status` is unsubscribed. */
  readonly unsubscribed_by?: 'contact' | 'api';
}

export interface AudienceSeed {
  /** 10 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly doubleOptin?: boolean;
  readonly emailTypeOption?: boolean;
  /** GDPR fields on. */
  readonly marketingPermissions?: boolean;
  /** Default FNAME, LNAME, ADDRESS, PHONE, as a new audience has them. */
  readonly mergeFields?: readonly MergeFieldSeed[];
  readonly members?: readonly MemberSeed[];
  /** A file of `MemberSeed`s: NDJSON, or one JSON array. */
  readonly membersFile?: string;
}

export interface AccountSeed {
  /** All keys of the account's user. They share its connections. */
  readonly apiKeys: readonly string[];
  readonly name?: string;
  readonly audiences?: readonly AudienceSeed[];
}

export type BatchState = 'pending' | 'preprocessing' | 'started' | 'finalizing' | 'finished';

/** What may be changed while the sandbox runs. */
export interface SandboxSettings {
  /** 'full': `_links` and all fields, about 3.3 KB a member. 'lean': the fields that matter. */
  replies: 'full' | 'lean';
  /** Simulated milliseconds of one operation of a batch, or of one direct write. */
  operationMs: number;
  /** Batches run at once per account. */
  batchParallelism: number;
  /** How often each state of a batch is shown to a client before the next one may begin. */
  batchPolls: Partial<Record<BatchState, number>>;
  /** Results in one file of the archive. */
  resultsPerFile: number;
  /** Simultaneous connections per user. */
  connectionLimit: number;
  /** Milliseconds that a result URL is good for. */
  resultUrlMs: number;
  /** Milliseconds that a batch is known after it finished. */
  batchRetentionMs: number;
  /** Milliseconds for which audience statistics are cached. */
  statsCacheMs: number;
  /** Whether replies are compressed for clients that ask for it. */
  gzip: boolean;
  switches: SandboxSwitches;
}

export interface SandboxOptions {
  /** Default 0: a free port. Listens on 127.0.0.1 only. */
  readonly port?: number;
  /** `<32 hex>-<dc>`. Default `0123456789abcdef0123456789abcdef-us1`. */
  readonly apiKey?: string;
  /** Audiences of the account of `apiKey`. Default: one, `a1b2c3d4e5`, empty. */
  readonly audiences?: readonly AudienceSeed[];
  /** Further accounts. */
  readonly accounts?: readonly AccountSeed[];
  /** File to append one JSON line per API request to; never holds a credential. */
  readonly record?: string;
  /** Where results of batches lie until the sandbox closes. Default: the system's temporary folder. */
  readonly folder?: string;
  /** Default 'full'. */
  readonly replies?: SandboxSettings['replies'];
  /** Default 0. */
  readonly operationMs?: number;
  /** Default 1. */
  readonly batchParallelism?: number;
  /** Default none: a batch moves on by itself. A number stands for every state but `finished`. */
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
  /** Milliseconds since 1970; a test that waits seven days brings its own. Default `Date.now`. */
  readonly clock?: () => number;
}
