import { mailchimpPlan } from '../../export/plan';
import { withEndedJob } from '../state';
import type { JobType } from './job';

/** Only its report is kept: it sends nothing, so there is nothing to settle and no baseline to move. */
export const planJob: JobType = {
  workflow: mailchimpPlan,
  title: 'Plan',
  settle: null,
  withReport: (state, { report }) => withEndedJob(state, report),
};
