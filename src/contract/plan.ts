import type { NotArchived } from './archiving';
import type { OutcomeCounts } from './outcome';
import type { RowClass, RowResultKind, WithheldClass } from './row-class';
import type { Remains } from './undo';

/** A segment of a destination and its tag. */
export interface SegmentTag {
  readonly segment: string;
  readonly tag: string;
  /** Mailchimp's id of the tag, which stays the same when the tag is renamed. Null until it was created or found. */
  readonly tagId: number | null;
  /** Found by its name and apparently empty. The census has to confirm that: archived members may carry it. */
  readonly isFound?: boolean;
  /** The tag of this destination was deleted in Mailchimp: its contacts are tagged again, behind a guard. */
  readonly isRestored?: boolean;
  /** It still has another name in Mailchimp, and is renamed before anything is sent. */
  readonly isRenamed?: boolean;
}

/** At most 50 chunks that are sent together. Upserts come before untags, and these before archiving: see `ExportPlan.parts`. */
export interface PartPlan {
  readonly part: number;
  readonly kind: 'upsert' | 'untag' | 'archive';
  readonly firstChunk: number;
  readonly lastChunk: number;
  /** Changes (rows) in the part. */
  readonly rows: number;
  /**
   * Part 0 of every plan that writes contacts or removes tags: chunk 0 alone, at most 10 rows, read back before the rest is sent. The last chunk of
   * the upserts, with new and known contacts from all over the plan, is a part of its own as well: it is the canary if Mailchimp refuses
   * every row of the first one.
   */
  readonly canary: boolean;
}

/** Membership rows of one segment, from a file or SQL, that select no profile. */
export interface UnmatchedRows {
  /** Rows whose key no profile has. */
  readonly keys: number;
  /** Rows of the list that the segment is in, whose value no segment of the source asks for. Segments of one list have the same number. */
  readonly values: number;
}

/** What a plan changes for one segment, which is one tag in Mailchimp. */
export interface SegmentPlan {
  readonly segment: string;
  readonly tag: string;
  /** Distinct profiles in the segment. */
  readonly profiles: number;
  /** Distinct (address, tag) pairs to add and to remove. */
  readonly toTag: number;
  readonly toUntag: number;
  /** Undefined where all rows of its membership select a profile, and in plans of version 0.3.0. */
  readonly unmatched?: UnmatchedRows;
  /**
   * Of these, rows that the export before did not have. If the source tells the keys, rows of a deleted profile are not counted. Undefined where
   * there are none.
   */
  readonly newlyUnmatched?: number;
}

/** What an export would do: counts and part boundaries only; the rows are in staging. */
export interface ExportPlan {
  /** Approvals name it. */
  readonly planId: string;
  /** Distinct selected profiles, before validation. */
  readonly selected: number;
  /** Addresses in the baseline that no selected profile has now. */
  readonly departed: number;
  /** New addresses, known addresses with a difference, departed addresses with tags to remove. */
  readonly creates: number;
  readonly updates: number;
  readonly removals: number;
  /** Of the removals: departed addresses to archive once they are untagged, if the member, read just before, allows it. Undefined: none. */
  readonly archives?: number;
  /** Departed addresses that would be archived, but lose their tags only, by reason. Undefined: none. */
  readonly notArchived?: Partial<Readonly<Record<NotArchived, number>>>;
  /** Of an undo: what it cannot take back. */
  readonly remains?: Remains;
  /** Of the creates: an earlier attempt may already have been applied. */
  readonly uncertain: number;
  /** Of the departed addresses: the same profile is selected with another address. */
  readonly readdressed: number;
  /** Outcomes that are decided before anything is sent (invalid, duplicate, suppressed, unchanged, …). */
  readonly decided: OutcomeCounts;
  readonly invalid: Readonly<Record<string, number>>;
  /** Of the decided ones: contacts that are left out since Mailchimp has refused them, by class. Undefined: none. */
  readonly leftOut?: Readonly<Record<string, number>>;
  /** Those with the most changes, where a destination has many: `omittedSegments` have their numbers in the store only. */
  readonly segments: readonly SegmentPlan[];
  readonly omittedSegments?: number;
  readonly warnings: readonly FieldWarning[];
  readonly chunks: number;
  /**
   * Ascending; every upsert part before every untag part, and these before those that archive. A part is sent when all of the kind before have
   * outcomes.
   */
  readonly parts: readonly PartPlan[];
  /** Addresses (with any of our tags) in the baseline that this plan was made against, without those that are `gone`. */
  readonly baselineSize: number;
  /** Such addresses that are known not to be in the audience now: archived, or permanently deleted. Undefined in plans of version 0.2.0. */
  readonly gone?: number;
}

/** Values of one attribute that could not be sent as they are. */
export interface FieldWarning {
  readonly attribute: string;
  /** Tag of the merge field; empty for `unread` and `unclear`. */
  readonly field: string;
  /**
   * - `cut`: longer than Mailchimp keeps. `omitted`: does not fit the field, and is left out.
   * - `kept`: of these, Mailchimp keeps the value of an earlier export.
   * - `decimal_comma`: has a decimal comma, while no setting says which mark is meant; so numbers like 1.234 are left out.
   * - `unread`: no date, time or number, so it cannot say which of several profiles is the latest.
   * - `unclear`: says neither yes nor no about adding a person, who is then not added.
   */
  readonly kind: 'cut' | 'omitted' | 'kept' | 'decimal_comma' | 'unread' | 'unclear';
  readonly count: number;
}

export interface UpsertRow {
  readonly email: string;
  /** JSON text of the `merge_fields` object. */
  readonly fields: string;
  /** JSON text of the array of tag names. */
  readonly tags: string;
  /** JSON text of an object with all else that the row says: groups, language, evidence of a signup. Undefined: nothing. */
  readonly more?: string;
  /** In the census or the baseline: an acknowledgement counts as updated, not created. */
  readonly known: boolean;
  /** Last known status at Mailchimp; null: unknown, or new. */
  readonly status: string | null;
  /** We archived it ourselves, and its profile is selected again: it is to get `status_if_new`. */
  readonly isReturning?: true;
  /** Of one that returns: when it was last changed, as we left it. In ISO 8601 and UTC. Undefined in a plan of version 0.4.0. */
  readonly archivedAt?: string;
}

export type Chunk =
  | { readonly kind: 'upsert'; readonly chunk: number; readonly rows: readonly UpsertRow[] }
  | {
      readonly kind: 'untag';
      readonly chunk: number;
      readonly tagId: number;
      readonly emails: readonly string[];
    };

/** Contacts to archive, each if the member, read just before, allows it. */
export interface ArchiveChunk {
  readonly kind: 'archive';
  readonly chunk: number;
  readonly emails: readonly string[];
}

/** Rows of a chunk. */
export function sizeOf(chunk: Chunk): number {
  return chunk.kind === 'upsert' ? chunk.rows.length : chunk.emails.length;
}

/** What the reply says about one row of a chunk. */
export interface RowResult {
  readonly chunk: number;
  readonly email: string;
  readonly result: RowResultKind;
  /** The member's status as echoed by the reply, where there is one. */
  readonly status?: string;
  /** The reply counts it as new. */
  readonly isNew?: true;
  /** Of one that is archived now: when it was last changed, by this request. In ISO 8601 and UTC; undefined: not known. */
  readonly changedAt?: string;
  /**
   * For anything but acknowledged, and for an acknowledged row that resubscribed a member. Withheld: the member left during the export. Of a
   * contact to archive: why it was not; `uncertain`: an earlier attempt, or another tool in that moment, has archived it.
   */
  readonly class?: RowClass | WithheldClass | NotArchived | 'uncertain';
  /** Mailchimp's text with the address taken out. */
  readonly text?: string;
}

/** Key of the results of a part in staging. */
export const partKey = (part: number): string => `part-${part}`;

/** Key of the results of a chunk that was sent directly; they replace those of its part. */
export const chunkKey = (chunk: number): string => `chunk-${chunk}`;

/** Key of what was found by looking single members of a chunk up, for rows without any other result. */
export const lookupKey = (chunk: number): string => `lookup-${chunk}`;

/** A chunk and the results of all its rows. */
export interface ChunkResults {
  readonly chunk: Chunk | ArchiveChunk;
  readonly results: readonly RowResult[];
}

/** How a part is sent: as a batch, or chunk by chunk in requests of its own. */
export type Lane = 'batch' | 'direct';

/** One time that a part was sent, or may have been. */
export interface Attempt {
  readonly number: number;
  /** Milliseconds since 1970, by the clock of the worker that sent it. */
  readonly atMs: number;
  readonly lane: Lane;
}

/** What one attempt at a part writes. */
export interface Write extends Pick<Attempt, 'lane'> {
  readonly part: number;
  /** The attempt's number. */
  readonly attempt: number;
}

/** A part of an earlier export that was sent and has no complete answer, or may have been written late. */
export interface UnansweredWrite {
  readonly exportId: string;
  readonly part: PartPlan;
  /** Null: sent directly, or the reply to its batch was lost. */
  readonly batchId: string | null;
  readonly attempts: readonly Attempt[];
}

/** The results of one part, counted. */
export interface PartSummary {
  readonly part: number;
  readonly rows: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unproven: number;
  /** Acknowledged rows whose status changed towards subscribed without a request: see `isResubscribed`. */
  readonly resubscribed: number;
}

/** Number of new contacts, and of known members, that are sent first and read back. */
export const CANARIES_OF_KIND = 5;

/** A listing of the audience's members by status; `current` contains every member that is not archived. */
export type Listing = 'current' | 'unsubscribed' | 'cleaned' | 'archived';

/**
 * What a census reads: `full` all members with their tags, `optOuts` unsubscribed, cleaned and archived members without tags.
 * Archived members come last, so that a member that is archived during the census is in one of the listings.
 */
export const CENSUS_LISTINGS = {
  full: ['current', 'archived'],
  optOuts: ['unsubscribed', 'cleaned', 'archived'],
} as const satisfies Record<string, readonly Listing[]>;
export type CensusScope = keyof typeof CENSUS_LISTINGS;

/** A page of a listing. `offset` in members. */
export interface ListingPage {
  readonly listing: Listing;
  readonly offset: number;
}

/** What the census found. */
export interface CensusSummary {
  readonly members: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

export interface CensusRow {
  readonly email: string;
  readonly status: string;
  /** Ids of the tags the member carries. */
  readonly tags: readonly number[];
  /** Of an archived one: when it was last changed, by Mailchimp's clock, in ISO 8601 and UTC. */
  readonly changedAt?: string;
  /** As texts, in the order of the fields that were asked for; null: it has none. Undefined: none were. */
  readonly values?: readonly (string | null)[];
}
