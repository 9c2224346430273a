import type { ExportRef } from '../contract/identifiers';
import type { JobKind } from '../contract/job-kind';
import type { Leavers } from '../contract/archiving';
import type { MatchedExpression, OptedOut, SignupMatch } from '../contract/destination';
import type { DriftClass, Verification } from '../contract/drift';
import type { DateFormat, FieldMatch, MatchedField } from '../contract/merge-field';
import type {
  ArchiveChunk,
  Attempt,
  CensusRow,
  CensusScope,
  CensusSummary,
  Chunk,
  ChunkResults,
  ExportPlan,
  FieldWarning,
  Lane,
  ListingPage,
  UnansweredWrite,
  PartSummary,
  RowResult,
  SegmentTag,
  Write,
} from '../contract/plan';
import type { Outcome } from '../contract/outcome';
import type { RejectPolicies } from '../contract/reject-policy';
import type { AtMailchimp, BaselineRest } from '../contract/forget';
import type { ExportReport, SegmentReport, Settlement, Tally } from '../contract/report';
import type { LeftMember, Tag } from './mailchimp';
import type { SourceExtract } from './source';
import type { Undo } from '../contract/undo';

/** A contact that an attempt has archived. */
export interface ArchivedContact {
  readonly email: string;
  /** See `RowResult`. Undefined: an attempt of version 0.4.0. */
  readonly changedAt?: string;
}

/**
 * Where rows are during an export, and what remains of them afterwards: exports, plans, parts, claims and baselines. Activities use
 * it; there is one implementation, on top of a `StagingStore`.
 *
 * Every method may be called again after a crash at any line: an attempt works in files of its own and seals them by creating a document
 * that names them. A later attempt finds the document and uses its content.
 *
 * Methods that take a `signal` work in SQL for seconds or minutes. When it is aborted, they stop and fail with its reason.
 */
export interface Staging {
  /** From `store.json`; made at the first opening. */
  readonly storeId: string;
  /**
   * For how long a look at the claim counts, in milliseconds. In a store on a server each look is a request, so requests to Mailchimp within
   * this time share one.
   */
  readonly lookHoldsMs: number;

  /**
   * Makes this export the one that may send. A later export's claim supersedes it permanently. Other kinds of jobs (default: export) claim as well.
   * @throws ExportError SUPERSEDED when a later export has claimed the destination; STAGING_FAILED when the store is not the one that was opened
   */
  claim(ref: ExportRef, kind?: JobKind): Promise<void>;
  /** @throws ExportError SUPERSEDED unless this export holds the claim and is not settled. Called before anything is sent. */
  checkClaim(ref: ExportRef): Promise<void>;
  /**
   * One destination per audience, and one audience per destination.
   * @throws ExportError AUDIENCE_IN_USE when another destination of this store has it; AUDIENCE_MISMATCH when this one has a baseline in another
   */
  reserveAudience(destinationId: string, audience: { accountId: string; audienceId: string }): Promise<void>;
  /** Undone when the destination is removed. */
  releaseAudience(destinationId: string): Promise<void>;
  /** Outlives Temporal's history. A statement that is recorded already is not repeated. */
  recordConsent(destinationId: string, entry: Readonly<Record<string, string>>): Promise<void>;
  /** The last statement that was recorded. */
  lastConsent(destinationId: string): Promise<Readonly<Record<string, string>> | undefined>;

  /** Records that an export of this destination created the tag. Called before the tag is used. */
  recordTag(destinationId: string, tagId: number): Promise<void>;
  /** Ids of the tags that exports of this destination created, or that contacts of its latest baseline carry. */
  ownTags(destinationId: string): Promise<readonly number[]>;

  /** Whether a page of a listing is sealed, so that it need not be fetched again. */
  hasCensusPage(ref: ExportRef, page: ListingPage): Promise<boolean>;
  sealCensusPage(ref: ExportRef, page: ListingPage, rows: readonly CensusRow[]): Promise<void>;
  /**
   * Puts the pages together. Every plan needs one of its own export: a full one, or one of the opt-outs besides an earlier full one.
   * A member on several pages has the strictest status (archived, cleaned, unsubscribed), else the last page's. Tags that earlier
   * exports have added, by the baseline of the named export, are left out: a census has only tags of others. Before that, the rows of the
   * baseline that open writes may have changed are exposed for this export.
   */
  sealCensus(
    ref: ExportRef,
    of: { readonly scope: CensusScope; readonly baseline: string | null },
    signal?: AbortSignal,
  ): Promise<CensusSummary>;

  /**
   * The attributes that an expression of a matching reads, after a check that it makes one value of those of one profile. Runs nothing.
   * @throws ExportError EXPRESSION_INVALID
   */
  expressionReads(sql: string, attributes: readonly string[]): Promise<readonly string[]>;
  /** An empty folder of this attempt's own, for the source to write into. */
  openExtractFolder(ref: ExportRef): Promise<string>;
  /**
   * Seals the extracted files in the folder as this export's snapshot, with the columns that follow from them. If one is sealed already,
   * returns its counts. Deletes the folder.
   */
  sealSnapshot(ref: ExportRef, extract: FinishedExtract, signal?: AbortSignal): Promise<SealedExtract>;

  /**
   * What the export before the one that is taken back sent, after a check that every later one was taken back or changed nothing, and that
   * the rows of all of them are kept.
   * @throws ExportError UNDO_BLOCKED, UNDO_EXPIRED
   */
  readRestored(ref: ExportRef, undo: UndoRequest): Promise<Restored>;
  /** Seals the profiles of the export before the one that is taken back; none, where there was none. If a snapshot is sealed already, nothing changes. */
  sealRestored(ref: ExportRef, undo: UndoRequest): Promise<SealedExtract>;
  /** Seals a snapshot without a profile, of so many attributes: all contacts depart. If one is sealed already, nothing changes. */
  sealNoProfiles(ref: ExportRef, attributes: number): Promise<SealedExtract>;

  /**
   * Validation, normalisation, duplicates, difference to the baseline, numbered chunks, parts. Nothing is sent. The request is
   * sealed with the plan, since settling needs it.
   */
  plan(ref: ExportRef, request: PlanRequest, signal?: AbortSignal): Promise<ExportPlan>;

  /** The rows of one chunk of an upsert or untag part. Chunks are numbered from 0. */
  readChunk(ref: ExportRef, chunk: number): Promise<Chunk>;
  /** The same of a part that archives. */
  readArchiveChunk(ref: ExportRef, chunk: number): Promise<ArchiveChunk>;

  /** Called before the first request of an attempt at a part: its rows count as sent from then on. Returns the attempt's number, from 1. */
  recordAttempt(ref: ExportRef, part: number, lane: Lane): Promise<number>;
  /** Withdraws an attempt of which certainly nothing was sent. */
  recordUnsent(ref: ExportRef, part: number, attempt: number): Promise<void>;
  /** Attempts at a part that may have reached Mailchimp, the first one first. */
  listAttempts(ref: ExportRef, part: number): Promise<readonly Attempt[]>;
  /**
   * Called after `recordAttempt`, before the first request. Until `endWrite`, later exports take it for a write that may still come: they
   * wait, and send the contacts of the part again.
   */
  openWrite(ref: ExportRef, write: Write): Promise<void>;
  /** All requests of the attempt have ended while its export held the claim, or before a later one has read anything. */
  endWrite(ref: ExportRef, write: Write): Promise<void>;
  /** Records that a superseded attempt may have written late: the next export sends the contacts of its part again. */
  recordLateWrite(ref: ExportRef, write: Write, batchId: string | null): Promise<void>;
  /** Remembers members that have left the audience since the census; a later status of an address counts. */
  recordLeft(ref: ExportRef, members: readonly LeftMember[]): Promise<void>;
  /** All that were recorded. */
  readLeft(ref: ExportRef): Promise<readonly LeftMember[]>;
  /** Remembers contacts that a failed attempt has archived in a chunk whose results are not sealed. */
  recordArchived(ref: ExportRef, contacts: readonly ArchivedContact[]): Promise<void>;
  /**
   * Addresses of a part that are on a suppression list now, and were on none when the plan was made. Only upserts: an untag of them is sent. Asked
   * before each attempt at a part.
   */
  suppressedSincePlan(ref: ExportRef, part: number): Promise<readonly string[]>;
  /** Remembers addresses that an attempt leaves out of a batch since they are suppressed. Called before its request. */
  recordWithheld(
    ref: ExportRef,
    write: Pick<Write, 'part' | 'attempt'>,
    emails: readonly string[],
  ): Promise<void>;
  /** What was recorded for the attempt. */
  readWithheld(ref: ExportRef, write: Pick<Write, 'part' | 'attempt'>): Promise<readonly string[]>;
  /** All that were recorded. */
  readArchived(ref: ExportRef): Promise<readonly ArchivedContact[]>;
  recordBatch(ref: ExportRef, part: number, batchId: string): Promise<void>;
  /** The batch that a part was submitted as, so that a retried step does not submit it again. */
  readBatch(ref: ExportRef, part: number): Promise<string | undefined>;
  /** All batches of this export that were recorded. */
  listBatches(ref: ExportRef): Promise<readonly string[]>;
  /** Writes of earlier exports of the destination that have no complete answer, or may come late: they may still be running. */
  unansweredWrites(ref: ExportRef): Promise<readonly UnansweredWrite[]>;
  /** Records that no write of an earlier export still runs; later exports look no further back. */
  recordDrained(ref: ExportRef): Promise<void>;

  /**
   * Keeps the result of each row of some chunks. Consumes them as they arrive, and seals them when they end.
   * `key` names the file: `part-12`, or `chunk-601` for a chunk that was sent directly (replaces the results of its part).
   */
  sealResults(
    ref: ExportRef,
    key: string,
    chunks: Iterable<ChunkResults> | AsyncIterable<ChunkResults>,
  ): Promise<void>;
  hasResults(ref: ExportRef, key: string): Promise<boolean>;
  /** Sealed results, read into memory: for those of one chunk. */
  readResults(ref: ExportRef, key: string): Promise<readonly RowResult[]>;
  /** Counts the rows of a part by the sealed results, and names the chunks that have no results or unproven rows. */
  summarisePart(
    ref: ExportRef,
    part: number,
  ): Promise<PartSummary & { readonly troubled: readonly number[] }>;

  /**
   * Combines the sealed plan and the results into one outcome per subject, checks the sums, writes outcomes and the next baseline and
   * seals them. What was never sent counts as not_sent. Called again, also by a caller that knows nothing of the export but its
   * id, it gives the same answer, with the tally of the first call. Null: no plan was sealed, so nothing was sent and there is
   * nothing to settle; the baseline stays. Sums that do not add up are named in `mismatches`, and keep nothing from being sealed:
   * what was acknowledged must not be lost.
   * @throws ExportError STAGING_CORRUPT without a plan where there is a tally, which only a planned export has; SUPERSEDED where a later job has begun
   * before it was sealed: that one settles what was sent
   */
  settle(ref: ExportRef, tally: Tally | null, signal?: AbortSignal): Promise<Settlement | null>;

  /**
   * Settles what earlier exports have sent after the named baseline and was never settled, since their destination was lost. To be called
   * when nothing of them still runs.
   *
   * With `givesUp`, one whose rows are gone is left unsettled, and no later call looks at it again.
   * @throws ExportError STAGING_CORRUPT where rows of such an export are gone, without `givesUp`
   */
  settleEarlier(
    ref: ExportRef,
    baseline: string | null,
    how?: { readonly givesUp?: boolean; readonly signal?: AbortSignal },
  ): Promise<SettledEarlier>;

  /**
   * Keeps the report of an export that has ended, beside its rows and as long as these. Called again, it changes nothing. Does nothing for an
   * export that never claimed its destination.
   */
  sealReport(report: ExportReport): Promise<void>;
  /** The report of an export. Undefined: it is not kept, or no longer. */
  readReport(ref: ExportRef): Promise<ExportReport | undefined>;

  /**
   * Compares the sealed pages of the audience with a baseline, and lists the contacts that seem to differ. Pages are no snapshot: they are to be
   * read alone.
   */
  findSuspects(
    ref: ExportRef,
    request: VerifyRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly suspects: number }>;
  /** Chooses contacts of the export's own baseline at random, as suspects that are to be read alone. Called again, it chooses the same. */
  chooseSample(
    ref: ExportRef,
    request: SampleRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly suspects: number }>;
  /** Some of the suspects, by the number of their page, from 0; empty: there are no more. */
  readSuspects(ref: ExportRef, page: number): Promise<readonly Suspect[]>;
  /** Whether the suspects of a page were read alone. */
  hasReadings(ref: ExportRef, page: number): Promise<boolean>;
  sealReadings(ref: ExportRef, page: number, readings: readonly MemberReading[]): Promise<void>;
  /**
   * Combines suspects and readings into the contacts that differ, and seals them. The pages of the audience are deleted. `repair`: the next
   * export sends what is ours of them again. Called again, it gives the same answer.
   */
  sealDrift(
    ref: ExportRef,
    request: VerifyRequest & { readonly repair: boolean; readonly isSample?: true },
    signal?: AbortSignal,
  ): Promise<Verification>;

  /**
   * Whether the next export has something to do, although source and settings are as they were at the export with this baseline: a write
   * may come late, or a refusal was lifted.
   */
  needsExport(ref: ExportRef): Promise<boolean>;
  /** The latest sealed baseline of a destination, for adoption by a new connect. */
  latestBaseline(destinationId: string): Promise<{ exportId: string; size: number } | undefined>;
  /** Rows that were not exported, and why. Rows: only for a terminal with access to this store. */
  readFailures(ref: ExportRef, request: FailuresRequest): Promise<readonly FailureRow[]>;
  /**
   * The same into a Parquet file, whole or not at all; a file of that name is replaced. Returns the number of rows.
   * @throws ExportError INPUT_INVALID where the file cannot be written
   */
  writeFailures(ref: ExportRef, request: FailuresRequest, file: string): Promise<number>;
  /** The counts of every segment, of what was acknowledged or else planned. Reports have some of them where there are many. */
  readSegments(ref: ExportRef): Promise<readonly SegmentCounts[]>;
  /** Values that a plan left out, cut or could not read. Rows: only for a terminal with access to this store. */
  readWarnings(ref: ExportRef, request: WarningsRequest): Promise<readonly WarnedValue[]>;
  /** The same into a Parquet file, as `writeFailures`. */
  writeWarnings(ref: ExportRef, request: WarningsRequest, file: string): Promise<number>;
  /** Refusals that the baseline of an export remembers. Rows: only for a terminal with access to this store. */
  readRefusals(ref: ExportRef, request: Omit<RefusalsRequest, 'reportedBy'>): Promise<readonly RefusalRow[]>;
  /**
   * What the store knows of one person: the rows of the baseline of `ref`, and the outcomes in the named exports, as long as their rows are kept.
   * Rows: only for a terminal with access to this store.
   */
  readPerson(ref: ExportRef, request: PersonRequest): Promise<PersonRecord>;
  /**
   * What the next export would do with one person, by the rules of a plan: with the profiles and settings that an earlier export has read, the baseline of
   * `ref`, and the lists as they are now. Null: the rows that it needs are not kept. Rows: only for a terminal with access to this store.
   */
  planPerson(ref: ExportRef, request: PersonPlanRequest): Promise<PersonPlan | null>;
  /** The contacts that a verification has found to differ. Rows: only for a terminal with access to this store. */
  readDrift(ref: ExportRef, request: DriftRequest): Promise<readonly DriftRow[]>;
  /** The same into a Parquet file, as `writeFailures`. */
  writeDrift(ref: ExportRef, request: DriftRequest, file: string): Promise<number>;
  /** Leaves a request to forget a person in the store. Returns its id, which may cross Temporal. Each call leaves another one. */
  stageForget(destinationId: string, request: ForgetRequest): Promise<string>;
  /**
   * The same for the contacts of a baseline that Mailchimp says are permanently deleted: they are kept out until a listing of the audience has them again.
   * Undefined: there are none, or they were forgotten. A repeated call gives the same id.
   */
  stageDeleted(ref: ExportRef): Promise<string | undefined>;
  /**
   * Whether a request leaves the contact at Mailchimp as it is, or is done.
   * @throws ExportError FORGET_NOT_FOUND
   */
  forgetsInStoreOnly(destinationId: string, id: string): Promise<boolean>;
  /** Deletes a request that no job was started for. */
  dropForget(destinationId: string, id: string): Promise<void>;
  /**
   * The contacts that a request to forget names, found before any row is removed; null when the request is done. To be called after `settleEarlier`,
   * while no export of the destination runs.
   * @throws ExportError FORGET_NOT_FOUND, SUPERSEDED
   */
  findForgotten(
    request: ForgetStep,
    signal?: AbortSignal,
  ): Promise<{ readonly request: ForgetRequest; readonly contacts: readonly FoundContact[] } | null>;
  /**
   * Removes the person that a request names from all rows of the destination, and then the request. To be called after `findForgotten`, while no
   * export of the destination runs: it looks at the claim before each file. Called again, it goes on, or answers what it has removed.
   * @throws ExportError FORGET_NOT_FOUND, SUPERSEDED
   */
  forget(request: ForgetStep, signal?: AbortSignal): Promise<Forgotten>;
  /** Entries of a suppression list. Rows: only for a terminal with access to this store. */
  readSuppressions(
    scope: SuppressionScope,
    request?: { readonly limit?: number },
  ): Promise<readonly Suppression[]>;
  /**
   * Adds entries to a suppression list, which the next exports respect. One that is listed already stays as it is. A repeated call adds none.
   * @throws ExportError INPUT_INVALID, with the number of the first entry that is neither an address nor a hash of one
   */
  suppress(
    scope: SuppressionScope,
    added: AddedSuppressions,
  ): Promise<{ readonly added: number; readonly total: number }>;
  /**
   * Takes entries off a suppression list; without entries, all of them. An address takes its keyed hash off as well, which stands for a person who was
   * forgotten. Returns how many. A repeated call takes none off.
   */
  unsuppress(scope: SuppressionScope, entries?: readonly string[]): Promise<number>;
  /**
   * Has the next exports send the rows of such refusals again, except those of throttled addresses, whose wait cannot be lifted. Returns how
   * many there are.
   */
  liftRefusals(ref: ExportRef, request: Omit<RefusalsRequest, 'limit'>): Promise<number>;
  /**
   * `expire` for every destination of the store, by its latest baseline, until the signal is aborted. Only workers expire rows. Asks the store for one thing
   * at a time, since exports use it as well.
   */
  expireAll(keep: Keep, signal?: AbortSignal): Promise<void>;
  /**
   * Deletes row files of exports that ended before `keepDays`, or that more than `keepExports` later ones have followed, and of other jobs likewise; of
   * the current baseline's, all that the next export does not read. Reads the names of all exports of the destination.
   */
  expire(destinationId: string, keep: Keep & { readonly baseline: string | null }): Promise<void>;
  /** Deletes row files of the exports, and of the other jobs, that the last one has made too many. Costs the same however many there have been. */
  tidy(
    destinationId: string,
    keep: { readonly baseline: string | null; readonly keepExports: number },
  ): Promise<void>;
  /** Deletes all of a destination's rows (its consents stay). */
  discard(destinationId: string): Promise<void>;
  /** On a full disk: deletes copies of objects that no step reads. @returns whether there were any */
  makeRoom(): Promise<boolean>;
  close(): Promise<void>;
}

/** What an audience is compared with. */
export interface VerifyRequest {
  /** Export with the baseline. */
  readonly baseline: string;
  /** All tags of the audience. */
  readonly tags: readonly Tag[];
  /** Ids of the tags of the configured segments. */
  readonly ours: readonly number[];
  /** In the order of the values in the pages. */
  readonly fields: readonly MatchedField[];
}

/** The same of some contacts only. */
export interface SampleRequest extends VerifyRequest {
  readonly sample: number;
}

/** A contact that seems to differ. */
export interface Suspect {
  /** From 1. */
  readonly n: number;
  readonly email: string;
  /** What was sent, as JSON texts, as in an `UpsertRow`. */
  readonly fields: string;
  readonly more: string;
  /** Names of the fields that seem to differ, as a comparison of a member has them. */
  readonly differing: readonly string[];
}

/** A suspect, read alone. */
export interface MemberReading {
  readonly n: number;
  /** Null: no member has the address. */
  readonly status: string | null;
  /** Names of the fields that differ. */
  readonly fields: readonly string[];
  /** Ids of the tags that it carries. */
  readonly carried: readonly number[];
}

export interface DriftRequest {
  readonly classes?: readonly DriftClass[];
  readonly limit?: number;
}

/** A way in which a contact differs from what an export has left. */
export interface DriftRow {
  readonly class: DriftClass;
  /** Of its profile; empty: no export has sent the contact. */
  readonly key: string;
  readonly email: string;
  /** Mailchimp's status; empty: it is not in the audience. */
  readonly status: string;
  /** Names of the fields or tags. */
  readonly detail: string;
}

/** The counts of a snapshot. */
export interface SealedExtract extends SourceExtract {
  /** Version of the source that was read. Undefined: not known. */
  readonly version?: string;
}

/** What a source has written, and what of it is exported. */
export interface FinishedExtract extends SealedExtract {
  /** With its files. */
  readonly folder: string;
  /** Undefined: the columns are those of the snapshot. */
  readonly matching?: SnapshotMatching;
}

/** What an export reads of each profile. */
export interface SnapshotMatching {
  readonly email: string;
  /** Attributes that count, in their order, where `email` has no usable address. */
  readonly otherEmails?: readonly string[] | undefined;
  readonly fields: readonly FieldMatch[];
  readonly latest: string | null;
  readonly addOnlyIf?: string | undefined;
  readonly signup?: SignupMatch | undefined;
  /** Matched in the place of attributes, by their SQL. */
  readonly expressions?: readonly MatchedExpression[] | undefined;
}

/** How long row files of ended exports are kept. */
export interface Keep {
  readonly keepDays: number;
  /** Of each destination, the last one included; and as many other jobs. */
  readonly keepExports: number;
}

export interface PlanRequest {
  readonly email: string;
  /** As in the snapshot, which has the address that counts. */
  readonly otherEmails?: readonly string[] | undefined;
  readonly fields: readonly FieldMatch[];
  readonly segments: readonly SegmentTag[];
  /** Export with the baseline that the plan is compared with; null: none yet. */
  readonly baseline: string | null;
  /** This export's id where it took a full census; null: the baseline's full census stays in force. */
  readonly census: string | null;
  /** A value that does not fit its field makes the profile invalid; else it is left out. */
  readonly strict: boolean;
  /** What new contacts become. A contact with that status need not have chosen it. */
  readonly statusIfNew: string;
  /** `skip`: contacts that are unsubscribed or cleaned, and were not added as that by us, get neither fields nor tags. */
  readonly optedOut: OptedOut;
  /** Attribute whose greatest value wins among profiles that share an address; null: the lowest key wins. */
  readonly latest: string | null;
  /** Of its dates. Undefined: ISO 8601, or a number. */
  readonly latestFormat?: DateFormat;
  /** Attribute that says whether a new contact may be added. */
  readonly addOnlyIf?: string | undefined;
  /** Attributes that prove the signup of a new contact. */
  readonly signup?: SignupMatch | undefined;
  /** Lines of the source were unreadable and that was allowed: plan no removals. */
  readonly keepDeparted: boolean;
  /** What becomes of those that no selected profile has any longer. Undefined: they are untagged. */
  readonly leavers?: Leavers;
  /** Send rows again whose refusal is remembered as permanent. Undefined in plans of version 0.3.0. */
  readonly retryRefused?: boolean;
  /** What becomes of rows that Mailchimp has refused. Undefined: the default of each class. */
  readonly rejects?: RejectPolicies;
  /** Send at most this many profiles. */
  readonly limit?: number;
  /** Of Mailchimp, for its suppression list. Undefined in plans of version 0.3.0. */
  readonly accountId?: string;
  /** The export that is taken back: the plan reads the address and how values are sent as the export before it did. */
  readonly undo?: Pick<Undo, 'exportId'>;
}

/** What an undo sends: as the export before the one that is taken back. */
export interface Restored {
  readonly fields: readonly FieldMatch[];
  /** Empty: there was no export before, so all its contacts depart. */
  readonly segments: readonly SegmentTag[];
}

/** An export that is to be taken back. */
export interface UndoRequest extends Pick<Undo, 'exportId' | 'number'> {
  /** Export with the baseline that the undo begins from. */
  readonly baseline: string | null;
}

/** Which exports a suppression list is for: those of one destination, or of all destinations of the store with this account of Mailchimp. */
export type SuppressionScope =
  | { readonly destinationId: string }
  | { readonly accountId: string }
  /** All destinations of the store: people who were forgotten, and are kept out. */
  | { readonly store: true };

/** An address that exports withhold. */
export interface Suppression {
  /**
   * `sha256` and `md5`: of the address in small letters, in hexadecimal digits. `keyed`: HMAC-SHA256 of the address with the key of the store, so that
   * the list alone does not tell whether an address is on it. `deleted`: the same of a contact that is permanently deleted at Mailchimp, until a listing
   * of the audience has it.
   */
  readonly kind: 'address' | 'sha256' | 'md5' | 'keyed' | 'deleted';
  readonly value: string;
  /** When it was added, in ISO 8601 and UTC. */
  readonly since: string;
  readonly by: string;
  /** '' where none was given. */
  readonly reason: string;
}

export interface AddedSuppressions extends Pick<Suppression, 'by' | 'reason'> {
  /** Addresses, or hashes of addresses in small letters: SHA-256 or MD5 in hexadecimal digits. */
  readonly entries: readonly string[];
}

export interface FailuresRequest {
  readonly outcomes?: readonly string[];
  /** Only rows with this reason, whatever their outcome. */
  readonly reason?: string;
  /** Of the others, only rows with one of these reasons. */
  readonly classes?: readonly string[];
  /** Only the profile with this key. */
  readonly key?: string;
  /** Only rows with this address in the source, in any case. */
  readonly email?: string;
  readonly limit?: number;
}

export interface FailureRow {
  readonly key: string;
  readonly email: string | null;
  readonly outcome: string;
  /** Rule or class. */
  readonly reason: string;
  /** The attribute that broke the rule, or feeds the merge field that Mailchimp refused; null: it is about none, or not known. */
  readonly attribute: string | null;
  /** Mailchimp's text, where it gave one; of a duplicate, which profile is used. */
  readonly text: string | null;
  /** Of a duplicate: the key of the profile that is used. */
  readonly winner: string | null;
  /** Of a refusal that is remembered, so that nothing was sent: when Mailchimp refused the row, in ISO 8601 and UTC. */
  readonly since: string | null;
}

/** What happened, or would happen, to one segment. */
export type SegmentCounts = Omit<SegmentReport, 'tagId'>;

export interface WarningsRequest {
  readonly kinds?: readonly WarnedValue['kind'][];
  /** Only of this merge field. */
  readonly field?: string;
  /** Only the profile with this key. */
  readonly key?: string;
  readonly limit?: number;
}

/** A value that was not sent as it is. */
export interface WarnedValue {
  readonly key: string;
  /** As the source has it. */
  readonly email: string | null;
  /** As in `FieldWarning`; a value that Mailchimp keeps an earlier one for is `kept` only. */
  readonly kind: Exclude<FieldWarning['kind'], 'decimal_comma'>;
  readonly attribute: string;
  /** Tag of the merge field; empty for the attribute that says which profile is the latest. */
  readonly field: string;
  /** As the source has it, up to 200 characters. */
  readonly value: string;
}

/** Names some of the refusals that a baseline remembers; without anything, all of them. */
export interface RefusalsRequest {
  readonly classes?: readonly string[];
  /** Only of the profile with this key. */
  readonly key?: string;
  /** Only those that this export has made, or has found remembered. */
  readonly reportedBy?: string;
  readonly limit?: number;
}

/** A contact that is not sent again as long as Mailchimp would refuse the same row again, or until its wait is over. */
export interface RefusalRow {
  readonly key: string;
  readonly email: string;
  readonly class: string;
  /** Mailchimp's text. */
  readonly text: string;
  /** When Mailchimp refused it last, in ISO 8601 and UTC. */
  readonly since: string;
  /** From when the same row is sent again; null: not before it changes, or the refusal is lifted. */
  readonly retryAt: string | null;
  /** The next export sends it again. */
  readonly isLifted: boolean;
}

/** One person, by the address in the source or in Mailchimp, in any case, or by the key of a profile. */
export type PersonName = { readonly email: string } | { readonly key: string };

export interface PersonRequest {
  readonly person: PersonName;
  /** Of Mailchimp, for its suppression list. */
  readonly accountId: string;
  /** Ids of the exports whose outcomes to read, in this order. */
  readonly exports: readonly string[];
}

/** Names a request to forget a person, and the job that does it, which holds the claim of the destination. */
interface ForgetStep {
  readonly ref: ExportRef;
  /** Of the request. */
  readonly id: string;
  /** Of Mailchimp, for its suppression list. */
  readonly accountId: string;
  /** Export with the current baseline, as `settleEarlier` has found it. Null: there is none. */
  readonly baseline: string | null;
}

/** What `person forget` asks of one destination. It lies in the store until it is done, since it names a person. */
export interface ForgetRequest {
  readonly person: PersonName | { readonly emails: readonly string[] };
  /** What becomes of the contact at Mailchimp, before its rows go. */
  readonly mailchimp: AtMailchimp;
  /** Whether later exports of the store send nothing for the addresses; `deleted`: until a listing of the audience has them. */
  readonly keepOut: boolean | 'deleted';
  /** Who asked. */
  readonly by: string;
}

/** A contact of a person who is to be forgotten. */
export interface FoundContact {
  /** Normalised. */
  readonly email: string;
  /** Tags that exports of the destination have added. */
  readonly tagIds: readonly number[];
}

/** What was removed of a person, in counts. After a crash in the middle, of the last attempt. */
export interface SettledEarlier {
  /** The export with the latest baseline: the named one, or a later one. */
  readonly baseline: string | null;
  /** Exports that have sent something, and whose rows are gone. */
  readonly givenUp: number;
}

export interface Forgotten {
  /** Of the baseline. */
  readonly contacts: number;
  readonly rows: number;
  /** Files that named the person. */
  readonly files: number;
  readonly isKeptOut: boolean;
  /** What is left of the current baseline. Undefined: there is none. */
  readonly baseline?: BaselineRest;
}

/** What a store knows of one person in one destination. */
export interface PersonRecord {
  /** Rows of the baseline. More than one: the person had another address before, or the key was of another person. */
  readonly contacts: readonly KnownContact[];
  /** In the order of the exports. */
  readonly outcomes: readonly PersonOutcome[];
  /** Entries of the suppression lists of destination and account that withhold one of the addresses. */
  readonly suppressions: readonly Suppression[];
  /** Normalised, of contacts and outcomes, and the one that was asked for. */
  readonly addresses: readonly string[];
  /** Statements of consent of the destination, and withdrawals, in their order, as `recordConsent` got them. */
  readonly consents: readonly Readonly<Record<string, string>>[];
}

/** Evidence of a signup, as Mailchimp takes it; null: the profile has none that fits. */
export interface SignupEvidence {
  readonly ip: string | null;
  readonly at: string | null;
}

export interface PersonPlanRequest extends Pick<PersonRequest, 'accountId' | 'exports'> {
  /** Normalised. */
  readonly emails: readonly string[];
  readonly keys: readonly string[];
  /** What Mailchimp has now; null: no such member. Undefined: it was not asked, so the last export's listing counts. */
  readonly members?: readonly {
    readonly email: string;
    readonly member: { readonly status: string; readonly changedAt?: string } | null;
  }[];
}

/** What the next export would do with one person. */
export interface PersonPlan {
  /** The export that has read the profiles, with its settings. */
  readonly exportId: string;
  /** Empty: it has read no profile of the person, and no contact departs. */
  readonly contacts: readonly PlannedContact[];
}

export interface PlannedContact {
  readonly key: string;
  readonly email: string;
  /** What is sent; null: nothing. `archive`: if the member, read just before, allows it; else its tags are taken off. */
  readonly change: 'create' | 'update' | 'untag' | 'archive' | null;
  /** The outcome, where it does not depend on Mailchimp. Null: it does. */
  readonly outcome: Outcome | null;
  /** As in a failure; empty: none. */
  readonly reason: string;
  /** Of a remembered refusal. */
  readonly text: string;
  /** When Mailchimp refused it. */
  readonly since: string | null;
  /** Tags of the segments that the profile is in. */
  readonly tags: readonly string[];
  /** Of these, tags that are added, and tags of ours that are taken off. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What Mailchimp has is not proven, or is to be repaired: the contact is sent in full. */
  readonly isExposed: boolean;
  /** Merge fields whose value is another one than the last that was acknowledged. */
  readonly fields: readonly string[];
  /** Whether a person who is new to the audience may be added; null: no attribute says so, so all are. */
  readonly mayAdd: boolean | null;
  /** Sent if the contact is new to the audience. Null: no attribute is matched. */
  readonly signup: SignupEvidence | null;
}

/** A row of a baseline, in words. */
export interface KnownContact {
  /** Normalised. */
  readonly email: string;
  /** Of its profiles, the one that is used first. */
  readonly keys: readonly string[];
  /** `proven`: Mailchimp acknowledged what was sent. `exposed`: sent, without proof. `withheld`: never sent. */
  readonly state: 'proven' | 'exposed' | 'withheld';
  /** Mailchimp's status as an export saw it last; null: none has. */
  readonly status: string | null;
  /** Tags that exports of this destination have added, by name. */
  readonly tags: readonly string[];
  /** Merge fields that exports have filled. */
  readonly fields: readonly string[];
  /** What was refused, and is not sent again now. */
  readonly refusal: Omit<RefusalRow, 'key' | 'email'> | null;
  /** Mailchimp's status before the first export; null: the audience did not have the address. */
  readonly statusBefore: string | null;
}

/** What became of one profile, or of its former address, in one export. */
export interface PersonOutcome extends Pick<FailureRow, 'key' | 'email' | 'outcome' | 'reason' | 'text'> {
  readonly exportId: string;
  /** Evidence of a signup that was sent, of a contact that was created. Null: none was, or it is not kept. */
  readonly signup: SignupEvidence | null;
}
