import { uuid4 } from '@temporalio/workflow';
import type { JobInput, JobReport } from '../../../contract/job';
import { mailchimpExport } from '../../export/export';
import { exportSteps } from '../../steps';
import { withEndedJob, withNextNumber, withWatchersOf, type DestinationState, type Job } from '../state';
import { withTag } from '../tag-identity';
import { endOf } from '../stale';
import { isDone } from './is-done';
import type { EndedJob, JobType } from './job';

export const exportJob: JobType = {
  workflow: mailchimpExport,
  title: 'Export',
  settle: (input) =>
    exportSteps(input).long['mailchimp.settleExport'].executeWithOptions(
      { summary: `Settle export ${input.number}, which ended without a report` },
      [{ ref: input.ref, tally: null }],
    ),
  withReport: (state, ended) =>
    ended.report.status === 'replanned' && state.phase !== 'removed'
      ? withSuccessor(state, ended, uuid4())
      : withExport(state, ended),
};

/** Commits an export: its report, the baseline that it leaves, and the ids and names of its tags. */
export function withExport(state: DestinationState, { report, input }: EndedJob): DestinationState {
  const { configuration, baseline } = state;
  return {
    ...withEndedJob(state, report),
    configuration: configuration && {
      ...configuration,
      segments: configuration.segments.map((current) =>
        withTag(current, report, input.configuration.segments),
      ),
    },
    ...(report.status === 'completed' && input.options.limit === undefined && { completedAt: endOf(report) }),
    baseline: report.isSettled ? baselineOf(report, input) : baseline,
  };
}

function baselineOf(report: JobReport, input: JobInput): DestinationState['baseline'] {
  const { exportId, baselineSize, gone, version } = report;
  return {
    exportId,
    size: baselineSize,
    ...(gone !== undefined && { gone }),
    ...(version !== undefined && isDone(report, input) && { version }),
  };
}

/** An export whose approval came too late for its plan is followed at once by another one, before any that is queued. */
function withSuccessor(
  state: DestinationState,
  { job, input, report }: EndedJob,
  exportId: string,
): DestinationState {
  const { number, state: numbered } = withNextNumber(state, job.kind);
  const { approval } = report;
  const successor: Job = { ...job, exportId, number, ...(approval && { approved: approval }) };
  const replaced: JobReport = { ...report, next: { exportId, number } };
  const watched = withWatchersOf(numbered, job.exportId, exportId);
  const reported = withExport(watched, { job, input, report: replaced });
  return { ...reported, queue: [successor, ...state.queue] };
}
