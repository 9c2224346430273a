import type { MatchedField, MergeField } from '../contract/merge-field';
import type { NewMergeField } from '../contract/new-merge-field';
import type { CensusRow, CensusScope, Chunk, ListingPage, RowResult, UpsertRow } from '../contract/plan';

/**
 * One Mailchimp account as the activities see it. Every request passes the account's connection budget and its own 130 s
 * limit, checks the reply's shape, and is counted.
 *
 * @throws ExportError KEY_INVALID, ROLE_TOO_LOW, AUDIENCE_NOT_FOUND, MAILCHIMP_BUSY, MAILCHIMP_UNAVAILABLE, MAILCHIMP_REFUSED
 */
export interface MailchimpAccount {
  readonly login: () => Promise<AccountInfo>;
  readonly audiences: () => Promise<readonly AudienceSummary[]>;
  readonly audience: (audienceId: string) => Promise<AudienceInfo>;
  readonly mergeFields: (audienceId: string) => Promise<readonly MergeField[]>;
  /** The groups of the audience, which the API calls interests, named "Category/Group". */
  readonly groups: (audienceId: string) => Promise<readonly Group[]>;
  /**
   * Creates a merge field that is not required, or finds the one with this tag, type and name.
   * @throws ExportError MERGE_FIELD_TAKEN when another field has the tag, or the audience is full
   */
  readonly createMergeField: (audienceId: string, field: NewMergeField) => Promise<MergeField>;
  /** All tags (static segments) of the audience. */
  readonly tags: (audienceId: string) => Promise<readonly Tag[]>;
  /** Contacts that count against the plan, over all audiences: subscribed, unsubscribed and transactional ones. */
  readonly contacts: () => Promise<number>;
  /**
   * Creates an empty tag, or finds the one that has this name now, as long as no member carries it: after a lost reply it may be our own.
   * @throws ExportError TAG_TAKEN
   */
  readonly createTag: (audienceId: string, name: string) => Promise<Tag>;
  /** Gives a tag another name; repeated, it changes nothing. @throws ExportError TAG_TAKEN when another tag has it */
  readonly renameTag: (audienceId: string, tag: Tag) => Promise<void>;
  /** Whether any member that is not archived carries the tag. */
  readonly isTagCarried: (audienceId: string, tagId: number) => Promise<boolean>;
  /** Members that were archived, or have unsubscribed, at that time or later (milliseconds since 1970). */
  readonly leftSince: (audienceId: string, since: number) => Promise<readonly LeftMember[]>;
  /**
   * Up to 1000 members of a listing, by the time they opted in; with their tags where the census is a full one, and with their values of
   * `fields`.
   */
  readonly censusPage: (
    audienceId: string,
    page: ListingPage & { readonly fields?: readonly MatchedField[] | undefined },
    scope: CensusScope,
  ) => Promise<CensusPage>;

  /** Sends one chunk as a request of its own and accounts for every row of it. May be repeated at any time. */
  readonly sendChunk: (delivery: Delivery, chunk: Chunk) => Promise<readonly RowResult[]>;
  /** Reads one member and compares it with what was sent. Undefined: no member has this address. */
  readonly compareMember: (audienceId: string, sent: SentMember) => Promise<MemberComparison | undefined>;

  /** The same with the ids of the tags that the member carries. */
  readonly inspectMember: (
    audienceId: string,
    sent: SentMember,
  ) => Promise<(MemberComparison & { readonly carried: readonly number[] }) | undefined>;

  /** One member. Undefined: no member has this address. Its values are for a terminal only. */
  readonly readMember: (audienceId: string, email: string) => Promise<Member | undefined>;

  /** Archives a member that is subscribed, unsubscribed or transactional. @returns false where the audience has no such member */
  readonly archiveMember: (audienceId: string, email: string) => Promise<boolean>;

  /** Deletes a member permanently, whatever its status: the address cannot be imported again. @returns false where the audience has no such member */
  readonly deleteMember: (audienceId: string, email: string) => Promise<boolean>;

  /** `POST /batches`. Returns the batch's id. */
  readonly submitBatch: (operations: readonly BatchOperation[]) => Promise<string>;
  /** State of each of the named batches; `gone` where Mailchimp no longer knows it. */
  readonly batches: (batchIds: readonly string[]) => Promise<readonly BatchState[]>;
  readonly deleteBatch: (batchId: string) => Promise<void>;
  /** Batches of the account, also those of other tools, that were submitted at `since` (milliseconds since 1970) or later. */
  readonly batchesSince: (since: number) => Promise<readonly BatchState[]>;
  /** Results of a finished batch, one operation at a time, in any order. Never all of them in memory. */
  readonly batchResults: (batchId: string) => AsyncIterable<OperationResult>;

  /** Requests sent since this account was opened in this step. */
  readonly requests: () => number;
  /** How many of its requests may run at the same time now. */
  readonly connections: () => number;
  /** Milliseconds after which a request that was sent is no longer running, answered or not. */
  readonly longestRequestMs: number;
}

/** What was sent about one member, by an upsert row or an untag. */
export interface SentMember {
  readonly email: string;
  /** Absent: no fields and no tags to add were sent. */
  readonly row?: UpsertRow;
  /** Name of a tag that was removed. */
  readonly untagged?: string;
}

/** A member as Mailchimp has it now. */
export interface Member {
  readonly status: string;
  /** As Mailchimp writes it, e.g. `2026-01-31T12:00:00+00:00`. */
  readonly lastChangedAt: string;
  /** The same time in ISO 8601 and UTC. Undefined: it cannot be read. */
  readonly changedAt?: string;
  /** Values by merge field tag. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tags: readonly Tag[];
  /** Whether the member is in a group, by its id: of all groups of the audience. */
  readonly groups: Readonly<Record<string, boolean>>;
  /** As Mailchimp's code; '' where it has none. */
  readonly language: string;
  /** Evidence of the signup; '' where there is none. */
  readonly signup: { readonly ip: string; readonly at: string };
}

/** Names of fields and tags only: no values of a contact. */
export interface MemberComparison {
  readonly status: string;
  readonly fields: readonly string[];
  readonly tags: readonly string[];
  /** `language` and `group <id>`. */
  readonly others: readonly string[];
  /** Names of what proves a signup. It differs where the contact has signed up by itself. */
  readonly evidence: readonly string[];
}

export interface AccountInfo {
  readonly accountId: string;
  /** The user of the key: Mailchimp's connection budget is this user's, over all keys and tools. */
  readonly loginId: string;
  readonly role: string;
  /** The account's name, for people. */
  readonly name: string;
  /** URL of its API, which names the data centre: `https://us21.api.mailchimp.com/3.0`. */
  readonly api: string;
}

export interface AudienceInfo {
  readonly id: string;
  readonly name: string;
  readonly doubleOptin: boolean;
  /** Whether contacts have marketing permissions (GDPR fields). */
  readonly marketingPermissions: boolean;
}

export interface AudienceSummary extends AudienceInfo {
  readonly subscribed: number;
}

export interface Group {
  readonly id: string;
  readonly name: string;
}

export interface Tag {
  readonly id: number;
  readonly name: string;
}

export interface LeftMember {
  readonly email: string;
  readonly status: 'archived' | 'unsubscribed';
  /** Of an archived one: see `CensusRow`. */
  readonly changedAt?: string;
}

export interface CensusPage {
  readonly rows: readonly CensusRow[];
  /** Members in the whole listing. */
  readonly totalItems: number;
}

/** How chunks of one destination are written. */
export interface Delivery {
  readonly audienceId: string;
  readonly statusIfNew: string;
  /** When the export began, in milliseconds since 1970: who has left since is not in its census. Absent: not asked for. */
  readonly since?: number;
}

/** One operation of a batch. `body` is JSON text, as Mailchimp wants it. */
export interface BatchOperation {
  readonly method: 'POST';
  readonly path: string;
  readonly operationId: string;
  readonly body: string;
}

export interface BatchState {
  readonly batchId: string;
  readonly status: 'pending' | 'preprocessing' | 'started' | 'finalizing' | 'finished' | 'gone';
  readonly total: number;
  readonly finished: number;
}

export interface OperationResult {
  readonly operationId: string | null;
  readonly status: number;
  /** JSON text of the reply's body; may be empty. */
  readonly response: string;
}
