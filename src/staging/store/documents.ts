import type { ExportRef } from '../../contract/identifiers';
import type { FieldMatch } from '../../contract/merge-field';
import type { ExportPlan, UnmatchedRows } from '../../contract/plan';
import type { RejectPolicies } from '../../contract/reject-policy';
import type { Settlement } from '../../contract/report';
import type { PlanRequest } from '../../ports/staging';
import type { StagingStore } from '../../ports/staging-store';
import { BASELINE, EXPOSED, inExport, PLAN } from './layout';
import type { Sealed } from './run-once';
import { readDocument } from './sealed-files';

/** A tag that a plan deals with: of a configured segment, or of one that contacts still carry it from. */
export interface PlannedTag {
  readonly tagId: number;
  readonly segment: string;
  readonly name: string;
}

/**
 * A sealed plan. Its folder contains `decided.parquet` (profiles with an outcome of their own: invalid, duplicate),
 * `contacts.parquet` (one row per contact), `changes.parquet` (one row per change, by chunk) and, since version 0.4.0, `warnings.parquet` (one row
 * per value that was not sent as it is).
 */
export interface PlanDocument extends Sealed {
  readonly request: PlanRequest;
  readonly plan: ExportPlan;
  /** Position is the bit in the tag masks. */
  readonly tags: readonly PlannedTag[];
  /**
   * SQL for each group of merge fields: their members of a JSON object, from a profile of the snapshot. Sealed with the plan, so that a
   * chunk stays the same when another version reads it. Absent in plans of version 0.3.0, whose changes have the fields themselves.
   */
  readonly fields?: readonly string[];
  /** The same for all else that a row may say. Undefined: nothing. */
  readonly more?: MoreMembers;
  /** Generations of the suppression lists that it respects. Undefined in plans of version 0.3.0. */
  readonly suppressions?: Readonly<Record<string, number>>;
  /** Export whose census this plan was made with. */
  readonly census: string | null;
}

/** SQL of members of JSON objects, from a profile of the snapshot. */
export interface MoreMembers {
  /** Of `interests`. */
  readonly groups: readonly string[];
  /** Of the row itself; `ifNew`: only of a contact that is new to the audience. */
  readonly always: readonly string[];
  readonly ifNew: readonly string[];
}

export function readPlan(store: StagingStore, ref: ExportRef): Promise<PlanDocument | undefined> {
  return readDocument<PlanDocument>(store, inExport(ref, PLAN));
}

/**
 * A sealed settlement: the next baseline. Its folder contains `baseline.parquet`, `outcomes.parquet` and, since version 0.4.0, `known.parquet` (keys of
 * membership rows and of profiles that the baseline has no row for) and `gone.parquet` (contacts of the baseline that are archived or
 * deleted; after a verification also those that have opted out, with their status).
 */
export interface BaselineDocument extends Sealed {
  readonly exportId: string;
  readonly parent: string | null;
  readonly generation: number;
  readonly settledAt: string;
  /** Merge field tags that the baseline has a column for. */
  readonly fields: readonly string[];
  /** Tags that a contact in the baseline carries, by Mailchimp's id. */
  readonly tags: Readonly<Record<string, { readonly segment: string; readonly name: string }>>;
  /** Later plans read in this export's census which members were in the audience before the first export. */
  readonly census: string | null;
  readonly size: number;
  /** Its rows say which contacts we have created, and which we have archived. Undefined in a baseline that knows nothing of that. */
  readonly hasOrigins?: true;
  /**
   * By segment: membership rows that select no profile, as of the last export that left no tag of the segment to remove. More of them in a
   * later one, together with leavers, hold it; by their keys instead where the source tells them. Segments without such rows are left out;
   * undefined in version 0.3.0.
   */
  readonly unmatched?: Readonly<Record<string, UnmatchedRows>>;
  readonly settlement: Settlement;
  /** Of the request: whether the refusals that it remembers are tried again. */
  readonly rejects?: RejectPolicies;
  /** As in the plan. */
  readonly suppressions?: PlanDocument['suppressions'];
}

export function readBaseline(store: StagingStore, ref: ExportRef): Promise<BaselineDocument | undefined> {
  return readDocument<BaselineDocument>(store, inExport(ref, BASELINE));
}

/** Its folder has the baseline's rows for one export: those that a late write of an earlier one may have changed are exposed. */
export interface ExposedDocument extends Sealed {
  /** Keys of the open writes, and of the repairs, that it accounts for. */
  readonly writes: readonly string[];
  /** Tags that these writes may have added. */
  readonly tags: BaselineDocument['tags'];
}

export function readExposed(store: StagingStore, ref: ExportRef): Promise<ExposedDocument | undefined> {
  return readDocument<ExposedDocument>(store, inExport(ref, EXPOSED));
}

export const CONTACTS = 'contacts.parquet';
export const DECIDED = 'decided.parquet';
export const WARNINGS = 'warnings.parquet';
export const CHANGES = 'changes.parquet';
export const OUTCOMES = 'outcomes.parquet';
export const BASELINE_ROWS = 'baseline.parquet';
export const CENSUS_ROWS = 'census.parquet';
export const KNOWN_KEYS = 'known.parquet';
export const GONE_ROWS = 'gone.parquet';

/** Column of a merge field's hash. */
export function hashColumn({ field }: { readonly field: Pick<FieldMatch['field'], 'tag'> }): string {
  return `f_${field.tag}`;
}
