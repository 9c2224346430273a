import type { Approval, Denial, Guard } from './guard';
import type { Verification } from './drift';
import type { ForgetCounts } from './forget';
import type { JobKind } from './job-kind';
import type { NotArchived } from './archiving';
import type { OutcomeCounts, MemberStatusCounts } from './outcome';
import type { FieldWarning, UnmatchedRows } from './plan';
import type { Reason } from './reason';
import type { Removal } from './removal';
import type { RowClass, WithheldClass } from './row-class';
import type { Timeline } from './timeline';
import type { Remains, Undo } from './undo';

/** What happened to one segment, which is one tag in Mailchimp. */
export interface SegmentReport {
  readonly segment: string;
  /** Mailchimp's id of the tag; null if it does not exist. */
  readonly tagId: number | null;
  /** The tag's name in Mailchimp. */
  readonly name: string;
  /** Selected profiles in it. */
  readonly profiles: number;
  /** Distinct (address, tag) pairs: added, removed, and sent without proof of an effect. */
  readonly tagged: number;
  readonly untagged: number;
  readonly failed: number;
  /** Pairs that were planned and never sent, which is no failure. Undefined in reports of version 0.2.0, whose `failed` includes them. */
  readonly notSent?: number;
  /** Undefined where all rows of its membership select a profile, and in reports of version 0.3.0. */
  readonly unmatched?: UnmatchedRows;
}

/** The tag of a segment after an export. */
interface SettledTag {
  readonly segment: string;
  readonly tagId: number;
  /** Its name in Mailchimp. Undefined: that of the segment. */
  readonly name?: string;
  /** A member may carry it, since this export. */
  readonly isTagged?: boolean;
}

/** Refusals with the same class and text, counted: apart those of this export, and those that it remembers. */
export interface RefusalCount {
  readonly outcome: 'suppressed' | 'throttled' | 'rejected' | 'unproven';
  /** `other`: the less frequent refusals, added up. */
  readonly class: RowClass | WithheldClass | 'other' | '';
  readonly text: string;
  readonly count: number;
  /**
   * Nothing was sent, since Mailchimp has refused the same rows before: since when, for the earliest, in ISO 8601 and UTC. Undefined for what
   * this export met.
   */
  readonly rememberedSince?: string;
}

/** What an export sent to Mailchimp. */
export interface Tally {
  readonly requests: number;
  readonly batches: number;
  /** Rows by lane, each of which writes one contact or removes one tag from one contact, and why they took it; null: nothing had to be sent. */
  readonly lanes: { readonly batch: number; readonly direct: number; readonly why: string } | null;
}

/** The counts that settling finds in staging; sums are checked before they are returned. */
export interface Settlement {
  /** Distinct profiles in the chosen segments. */
  readonly selected: number;
  /** Addresses of earlier exports that no selected profile has now. */
  readonly departed: number;
  /** Sum: `selected` + `departed`. */
  readonly outcomes: OutcomeCounts;
  /** Of the created: an earlier attempt may already have been applied, so they may be older than this export. */
  readonly uncertain: number;
  /** Of the departed: the same profile is selected with another address. */
  readonly readdressed: number;
  /** Departed addresses that were to be archived, but lost their tags only, by reason. Undefined: none. */
  readonly notArchived?: Partial<Readonly<Record<NotArchived, number>>>;
  /** Of the archived: found in the archive when a step was repeated. They do not come back by themselves. Undefined: none. */
  readonly uncertainArchived?: number;
  /** Of an undo: what it cannot take back. */
  readonly remains?: Remains;
  /** Of the contacts that were acknowledged. */
  readonly memberStatuses: MemberStatusCounts;
  /** The profiles with the outcome `invalid`, by rule. */
  readonly invalid: Readonly<Record<string, number>>;
  readonly refusals: readonly RefusalCount[];
  /** Those with the most changes, where a destination has many: `omittedSegments` have their counts in the store only. */
  readonly segments: readonly SegmentReport[];
  readonly omittedSegments?: number;
  /** The tags of all segments, on the way to the destination. @internal */
  readonly tags?: readonly SettledTag[];
  /** Values that were cut or left out; their profiles were sent. */
  readonly warnings: readonly FieldWarning[];
  /** Parts and sums that do not add up, in words. What was acknowledged is in the baseline nevertheless. */
  readonly mismatches: readonly string[];
  /** Addresses in the new baseline, without those that are `gone`. */
  readonly baselineSize: number;
  /** Addresses in it that are known not to be in the audience now: archived, or permanently deleted. Undefined in reports of version 0.2.0. */
  readonly gone?: number;
  /** Null when the run was lost before it reported it. */
  readonly tally: Tally | null;
}

/**
 * How an export ended.
 *
 * Nothing was sent by an export that was `planned`, `denied`, has `expired` while it was held, or was `replanned` because the approval
 * came more than an hour after the plan.
 */
export type ExportStatus =
  'completed' | 'planned' | 'cancelled' | 'denied' | 'expired' | 'replanned' | 'failed';

/** In version 0.2.0, exports and plans had numbers of one series. */
export function kindOf({ kind, status }: Pick<ExportReport, 'kind' | 'status'>): JobKind {
  return kind ?? (status === 'planned' ? 'plan' : 'export');
}

/** Whether the counts are of what an export would do. */
export function isPlanned({ status }: Pick<ExportReport, 'status'>): boolean {
  return status === 'planned';
}

/** What happened to every profile, in counts, and which store has the rows. */
export interface ExportReport extends Settlement {
  readonly destinationId: string;
  readonly exportId: string;
  /** Undefined in reports of version 0.2.0: see `kindOf`. */
  readonly kind?: JobKind;
  /** The first export of a destination is 1, and so is its first plan, and its first verification. */
  readonly number: number;
  readonly status: ExportStatus;
  /** Whether it left a baseline: also a cancelled or failed export does, once anything was planned. */
  readonly isSettled: boolean;
  /** Of an export that failed or was cancelled. */
  readonly failure?: Reason;
  /** What a verification has found. Its outcomes are all 0. Undefined: of any other job, and of one that did not end. */
  readonly verification?: Verification;
  /** Of a complete export: what some of its contacts were found to be when they were read back. Undefined: none were. */
  readonly sample?: Verification;
  /** What the export was held for; in the report of a plan, what it would be held for. */
  readonly guards: readonly Guard[];
  /** The person who asked for it. Undefined: none, or the request did not say. */
  readonly askedBy?: string;
  /** The approval that let a held export send. */
  readonly approval: Approval | null;
  /** Who denied a held export, of one that was `denied`. */
  readonly denial?: Denial;
  /** Of an export that precedes the removal of its destination. Undefined: of any other. */
  readonly removal?: Pick<Removal, 'exported' | 'by'>;
  /** Of an export that takes back an earlier one. Undefined: of any other. */
  readonly undo?: Pick<Undo, 'exportId' | 'number' | 'by'>;
  /** Of a job that has forgotten a person: how much it has removed. Undefined: of any other. */
  readonly forgotten?: ForgetCounts;
  /** The export that was started instead, of one that was `replanned`. */
  readonly next?: { readonly exportId: string; readonly number: number };
  /** In ISO 8601 and UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /**
   * When it did what. Undefined where it planned only, where it failed or was cancelled, in older reports, and in those that a destination keeps, except the
   * last: the store has them.
   */
  readonly timeline?: Timeline;
  /** The store with its rows. */
  readonly storeId: string;
  /** What was read and how it is exported, on the way of a completed export to the destination. @internal */
  readonly version?: string;
}
