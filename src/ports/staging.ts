import type { ExportRef } from '../contract/identifiers';
import type { OptedOut } from '../contract/destination';
import type { DateFormat, FieldMatch } from '../contract/merge-field';
import type {
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
import type { SegmentReport, Settlement, Tally } from '../contract/report';
import type { LeftMember } from './mailchimp';
import type { SourceExtract } from './source';

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
   * Makes this export the one that may send. A later export's claim supersedes it permanently.
   * @throws ExportError SUPERSEDED when a later export has claimed the destination
   */
  claim(ref: ExportRef): Promise<void>;
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

  /** An empty folder of this attempt's own, for the source to write into. */
  openExtractFolder(ref: ExportRef): Promise<string>;
  /**
   * Seals the extracted files in the folder as this export's snapshot. If one is sealed already, returns its counts. Deletes the folder.
   */
  sealSnapshot(ref: ExportRef, extract: SealedExtract & { readonly folder: string }): Promise<SealedExtract>;

  /**
   * Validation, normalisation, duplicates, difference to the baseline, numbered chunks, parts. Nothing is sent. The request is
   * sealed with the plan, since settling needs it.
   */
  plan(ref: ExportRef, request: PlanRequest, signal?: AbortSignal): Promise<ExportPlan>;

  /** The rows of one chunk. Chunks are numbered from 0. */
  readChunk(ref: ExportRef, chunk: number): Promise<Chunk>;

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
   * @throws ExportError STAGING_CORRUPT without a plan where there is a tally, which only a planned export has
   */
  settle(ref: ExportRef, tally: Tally | null, signal?: AbortSignal): Promise<Settlement | null>;

  /**
   * Settles what earlier exports have sent after the named baseline and was never settled, since their destination was lost. To be called
   * when nothing of them still runs. Returns the export with the latest baseline: the named one, or a later one.
   */
  settleEarlier(ref: ExportRef, baseline: string | null, signal?: AbortSignal): Promise<string | null>;

  /**
   * Whether the next export has something to do, although source and settings are as they were at the export with this baseline: a write
   * may come late, or a refusal was lifted.
   */
  needsExport(ref: ExportRef): Promise<boolean>;
  /** The latest sealed baseline of a destination, for adoption by a new connect. */
  latestBaseline(destinationId: string): Promise<{ exportId: string; size: number } | undefined>;
  /** Rows that were not exported, and why. Rows: only for a terminal with access to this store. */
  readFailures(ref: ExportRef, request: FailuresRequest): Promise<readonly FailureRow[]>;
  /** The counts of every segment, of what was acknowledged or else planned. Reports have some of them where there are many. */
  readSegments(ref: ExportRef): Promise<readonly SegmentCounts[]>;
  /** Values that a plan left out, cut or could not read. Rows: only for a terminal with access to this store. */
  readWarnings(ref: ExportRef, request: WarningsRequest): Promise<readonly WarnedValue[]>;
  /** Refusals that the baseline of an export remembers. Rows: only for a terminal with access to this store. */
  readRefusals(ref: ExportRef, request: RefusalsRequest): Promise<readonly RefusalRow[]>;
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
   * Deletes row files of exports that ended before `keepDays`, or that more than `keepExports` later ones have followed; of the current
   * baseline's, all that the next export does not read. Reads the names of all exports of the destination.
   */
  expire(destinationId: string, keep: Keep & { readonly baseline: string | null }): Promise<void>;
  /** Deletes row files of the exports that the last one has made too many. Costs the same however many there have been. */
  tidy(
    destinationId: string,
    keep: { readonly baseline: string | null; readonly keepExports: number },
  ): Promise<void>;
  /** Deletes all of a destination's rows (its consents stay). */
  discard(destinationId: string): Promise<void>;
  close(): Promise<void>;
}

/** The counts of a snapshot. */
export interface SealedExtract extends SourceExtract {
  /** Version of the source that was read. Undefined: not known. */
  readonly version?: string;
}

/** How long row files of ended exports are kept. */
export interface Keep {
  readonly keepDays: number;
  /** Of each destination, the last one included. */
  readonly keepExports: number;
}

export interface PlanRequest {
  readonly email: string;
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
  /** Lines of the source were unreadable and that was allowed: plan no removals. */
  readonly keepDeparted: boolean;
  /** Send rows again whose refusal is remembered as permanent. Undefined in plans of version 0.3.0. */
  readonly retryRefused?: boolean;
  /** Send at most this many profiles. */
  readonly limit?: number;
}

export interface FailuresRequest {
  readonly outcomes?: readonly string[];
  /** Only rows with this reason, whatever their outcome. */
  readonly reason?: string;
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
