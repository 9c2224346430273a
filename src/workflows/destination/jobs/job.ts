import type { CompactExportInput } from '../../../contract/compact';
import type { JobInput, JobReport } from '../../../contract/job';
import type { Settlement } from '../../../contract/report';
import type { DestinationState, Job } from '../state';

/** What a kind of job does differently. The destination does the rest: queue, numbers, child workflow, cancellation, reports. */
export interface JobType {
  /** The child workflow. */
  readonly workflow: (input: CompactExportInput) => Promise<JobReport>;
  /** Title of the child workflow in the Web UI, before its number. */
  readonly title: string;
  /**
   * Accounts for a job whose child failed, was cancelled or was lost. May run again after it has succeeded. Null for a kind that
   * leaves nothing to account for.
   */
  readonly settle: ((input: JobInput) => Promise<Settlement | null>) | null;
  /** What the report changes in the state of the destination. */
  readonly withReport: (state: DestinationState, ended: EndedJob) => DestinationState;
}

export interface EndedJob {
  readonly job: Job;
  readonly input: JobInput;
  readonly report: JobReport;
}
