import type { Verification } from '../../contract/drift';
import type { Sealed } from '../store/run-once';

/** A row for each contact that seems to differ; `n` from 1. */
export const SUSPECT_ROWS = 'suspects.parquet';
/** A row for each contact that differs and each class. */
export const DRIFT_ROWS = 'drift.parquet';
/** Folder of what single members were found to be. */
export const READINGS = 'readings';

/** What the pages of the audience have shown. Counts of the whole baseline are without the suspects. */
export interface SuspectsDocument extends Sealed {
  readonly suspects: number;
  readonly compared: number;
  readonly inAudience: number;
  readonly gone: number;
  readonly optedOut: number;
  readonly notComparable: number;
  readonly deletedTags: number;
}

export interface DriftDocument extends Sealed {
  readonly verification: Verification;
}
