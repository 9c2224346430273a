import type { Configuration } from '../../../contract/destination';
import type { JobInput, JobReport } from '../../../contract/job';
import { isSameTag } from '../../../contract/tag-name';
import { mailchimpExport } from '../../export/export';
import { exportSteps } from '../../steps';
import {
  isConsentWithdrawn,
  removed,
  withEndedJob,
  withNextNumber,
  withWatchersOf,
  type DestinationState,
  type Job,
} from '../state';
import { successorId } from '../export-id';
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
    ended.report.status === 'replanned' && state.phase !== 'removed' && mayGoOn(state, ended)
      ? withSuccessor(state, ended)
      : isRemoved(ended)
        ? withRemoval(state, ended)
        : withExport(state, ended),
};

/** A removal needs no consent. */
function mayGoOn(state: DestinationState, { input }: EndedJob): boolean {
  return input.removal !== undefined || !isConsentWithdrawn(state);
}

/** Outcomes of contacts that may still carry a tag of ours, or that are still to be archived. */
const OPEN = ['throttled', 'rejected', 'unproven', 'not_sent'] as const;

/** Whether every contact of a destination that is to be removed has got what was chosen. If not, it stays, so that the rest is tried again. */
function isRemoved({ report, input }: EndedJob): boolean {
  if (!input.removal || report.status !== 'completed') return false;
  return OPEN.every((outcome) => report.outcomes[outcome] === 0);
}

function withRemoval(state: DestinationState, ended: EndedJob): DestinationState {
  const { ref, removal } = ended.input;
  return removed(ref.destinationId, withExport(state, ended), removal?.by ?? '');
}

/** Commits an export: its report, the baseline that it leaves, and the ids and names of its tags. */
function withExport(state: DestinationState, { report, input }: EndedJob): DestinationState {
  const { configuration, baseline } = state;
  return {
    ...withEndedJob(state, report),
    configuration: configuration && {
      ...configuration,
      segments: configuration.segments.map((current) => ({
        ...(isOfAnotherTag(current, { report, input })
          ? current
          : withTag(current, report, input.configuration.segments)),
        // Neither has read who else carries it: the next export does, should the destination stay.
        ...((input.removal || input.undo) && current.isAdopted && { isAdopted: true as const }),
      })),
    },
    ...(report.status === 'completed' &&
      input.options.limit === undefined &&
      !input.removal &&
      !input.undo && { completedAt: endOf(report) }),
    ...undoneAfter(state, { report, input }),
    baseline: report.isSettled ? baselineOf(report, input) : baseline,
  };
}

/** An undo gives contacts the tag that the segment had before; the settings keep the one that was chosen since. */
function isOfAnotherTag(
  { segment, tag }: Configuration['segments'][number],
  { report, input: { undo } }: Pick<EndedJob, 'report' | 'input'>,
): boolean {
  const found = report.tags?.find((one) => one.segment === segment);
  return undo !== undefined && found?.name !== undefined && !isSameTag(found.name, tag);
}

/**
 * An undo that has changed something holds the exports after it, until a whole one has completed: it had nothing to send, or a person
 * approved it.
 */
function undoneAfter(
  { undone }: DestinationState,
  { report, input: { undo, removal, options } }: Pick<EndedJob, 'report' | 'input'>,
): Pick<DestinationState, 'undone'> {
  if (undo) return { undone: hasChanged(report) ? { number: undo.number, by: undo.by } : undone };
  const isDoneWith = report.status === 'completed' && !removal && options.limit === undefined;
  return undone && isDoneWith ? { undone: undefined } : {};
}

function hasChanged({ isSettled, outcomes }: JobReport): boolean {
  const { created, updated, removed, archived, unproven } = outcomes;
  return isSettled && created + updated + removed + archived + unproven > 0;
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
function withSuccessor(state: DestinationState, { job, input, report }: EndedJob): DestinationState {
  const { number, state: numbered } = withNextNumber(state, job.kind);
  const exportId = successorId(job.exportId);
  const { approval } = report;
  const successor: Job = { ...job, exportId, number, ...(approval && { approved: approval }) };
  const replaced: JobReport = { ...report, next: { exportId, number } };
  const watched = withWatchersOf(numbered, job.exportId, exportId);
  const reported = withExport(watched, { job, input, report: replaced });
  return { ...reported, queue: [successor, ...state.queue] };
}
