import { mailchimpForget } from '../../export/forget';
import { withEndedJob, type DestinationState } from '../state';
import type { EndedJob, JobType } from './job';

/** It sends no contact, so there is nothing to settle: one that was lost has left its request in the store, and is asked for again. */
export const forgetJob: JobType = {
  workflow: mailchimpForget,
  title: 'Forget',
  settle: null,
  withReport: (state, ended) => withoutForgotten(withEndedJob(state, ended.report), ended),
};

/** The counts of the baseline are those of its rows now, of which some were perhaps counted as gone, and some not at all. */
function withoutForgotten(state: DestinationState, { report }: EndedJob): DestinationState {
  const { baseline } = state;
  const rest = report.forgotten?.baseline;
  if (!baseline || !rest) return state;
  // A later one: of an export that was lost, and that the job has settled.
  const { version, optedOut, ...counted }: NonNullable<DestinationState['baseline']> =
    rest.exportId === baseline.exportId ? baseline : { exportId: rest.exportId, size: 0 };
  const gone = rest.gone ?? counted.gone;
  return {
    ...state,
    baseline: {
      exportId: rest.exportId,
      size: Math.max(0, rest.carrying - (gone ?? 0)),
      ...(gone !== undefined && { gone }),
      ...(optedOut !== undefined && { optedOut: rest.optedOut ?? optedOut }),
      ...(version !== undefined && { version }),
    },
  };
}
