import type { JobKind } from '../../../contract/job-kind';
import { exportJob } from './export';
import type { JobType } from './job';
import { planJob } from './plan';

/** Every kind of job that a destination runs. */
export const JOBS: Readonly<Record<JobKind, JobType>> = { export: exportJob, plan: planJob };
