import type { Verification } from '../../../contract/drift';
import { mailchimpVerify } from '../../verify/verify';
import { withEndedJob, type DestinationState } from '../state';
import type { JobType } from './job';

/** It sends nothing, so there is nothing to settle. What it has read corrects the counts of the baseline, which stays the same. */
export const verifyJob: JobType = {
  workflow: mailchimpVerify,
  title: 'Verification',
  settle: null,
  withReport: (state, { report }) => {
    const ended = withEndedJob(state, report);
    return report.verification ? withCounts(ended, report.verification) : ended;
  },
};

/** After a repair, the next export has something to do, although source and settings are the same. */
function withCounts(
  state: DestinationState,
  { baseline: verified, inAudience, gone, optedOut, repaired }: Verification,
): DestinationState {
  const { baseline } = state;
  if (verified === null) return state;
  const { version, exportId } = baseline?.exportId === verified ? baseline : { exportId: verified };
  return {
    ...state,
    baseline: {
      exportId,
      size: inAudience,
      gone,
      optedOut,
      ...(version !== undefined && repaired === 0 && { version }),
    },
  };
}
