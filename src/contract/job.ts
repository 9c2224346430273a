import { z } from 'zod';
import { ExportOptionsSchema } from './destination';
import type { ExportInput } from './export';
import { JOB_WORKFLOWS, type JobKind } from './job-kind';
import type { ExportReport } from './report';

/** What `startJob` takes. A plan takes the options of the export that it previews. A kind with another shape makes this a union. */
export const JobRequestSchema = z.strictObject({
  kind: z.enum(Object.keys(JOB_WORKFLOWS) as JobKind[]),
  options: ExportOptionsSchema.prefault({}).describe('Each is off by default.'),
  trigger: z.string().max(100).default('on demand').describe('What requested the job; kept in the history.'),
  notify: z
    .strictObject({ workflowId: z.string().min(1).max(300) })
    .optional()
    .describe(
      'A workflow that gets the signal `exportEnded` when the job has ended; also one that joins it.',
    ),
});
export interface JobRequestInput extends z.input<typeof JobRequestSchema> {}
export type JobRequest = z.output<typeof JobRequestSchema>;

/** What `ExportClient.start` and `plan` take. */
export interface StartInput extends Omit<JobRequestInput, 'kind' | 'notify'> {}

/** What the workflow of a job gets, and what it returns. A kind with another shape makes these a union. */
export type JobInput = ExportInput;
export type JobReport = ExportReport;
