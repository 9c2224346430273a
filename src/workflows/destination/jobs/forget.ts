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

/** The baseline has fewer contacts. */
function withoutForgotten(state: DestinationState, { report }: EndedJob): DestinationState {
  const { baseline } = state;
  if (!baseline || !report.forgotten) return state;
  return {
    ...state,
    baseline: { ...baseline, size: Math.max(0, baseline.size - report.forgotten.contacts) },
  };
}
