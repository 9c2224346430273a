import type { JobKind } from '../../../contract/job-kind';
import { exportJob } from './export';
import { forgetJob } from './forget';
import type { JobType } from './job';
import { planJob } from './plan';
import { verifyJob } from './verify';

/** Every kind of job that a destination runs. */
export const JOBS: Readonly<Record<JobKind, JobType>> = {
  export: exportJob,
  plan: planJob,
  verify: verifyJob,
  forget: forgetJob,
};
