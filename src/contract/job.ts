import { z } from 'zod';
import { ConfigureInputSchema } from './destination';
import { ExportOptionsSchema } from './export-options';
import type { ExportInput } from './export';
import { ForgetSchema } from './forget';
import { NameSchema } from './identifiers';
import { JOB_WORKFLOWS, type JobKind } from './job-kind';
import { StatusIfNewSchema } from './outcome';
import { RemovalSchema } from './removal';
import { PersonNameSchema } from './second-person';
import type { ExportReport } from './report';
import { UndoSchema } from './undo';

/** Of the words for the times of a schedule. */
export const LONGEST_TIMES = 300;

const ScheduleReferenceSchema = z.strictObject({
  name: NameSchema,
  times: z.string().max(LONGEST_TIMES).describe('In words, as they were when it started the workflow.'),
});
/** A schedule, for a person. */
export type ScheduleReference = z.output<typeof ScheduleReferenceSchema>;

const ProposalSchema = z.strictObject({
  configure: ConfigureInputSchema.describe('As `configure` would take it. It is checked, and not stored.'),
  statusIfNew: StatusIfNewSchema.optional().describe('Default: that of the destination.'),
});
/** Settings that a plan is made with in the place of those of its destination. */
export interface ProposalInput extends z.input<typeof ProposalSchema> {}
export type Proposal = z.output<typeof ProposalSchema>;

/** What `startJob` takes. A plan takes the options of the export that it previews. A kind with another shape makes this a union. */
export const JobRequestSchema = z
  .strictObject({
    kind: z.enum(Object.keys(JOB_WORKFLOWS) as JobKind[]),
    options: ExportOptionsSchema.prefault({}).describe('Each is off by default.'),
    trigger: z
      .string()
      .max(100)
      .default('on demand')
      .describe('What requested the job; kept in the history.'),
    by: PersonNameSchema.optional().describe(
      'Name of the person who asks; kept in the history. Of a removal: `removal.by`. Required where the destination wants a second person to approve (`approval.by: other`).',
    ),
    removal: RemovalSchema.optional().describe(
      'The export selects nothing, so that all contacts depart, and the destination is removed when each has its outcome. Of a plan: its numbers.',
    ),
    repair: z
      .literal(true)
      .optional()
      .describe('Only of a verification: the next export sends again what is ours and differs.'),
    undo: UndoSchema.optional().describe('The export takes back an earlier one. Of a plan: its numbers.'),
    forget: ForgetSchema.optional().describe('Only of the kind `forget`, which needs it.'),
    notify: z
      .strictObject({
        workflowId: z.string().min(1).max(300),
        schedule: ScheduleReferenceSchema.optional().describe('The schedule that has started the workflow.'),
      })
      .optional()
      .describe(
        'A workflow that gets the signal `exportEnded` when the job has ended; also one that joins it.',
      ),
    proposal: ProposalSchema.optional().describe(
      'Only of a plan: what an export would do with other settings.',
    ),
  })
  .refine(({ removal, undo, options }) => !undo || (!removal && options.limit === undefined), {
    error: 'an undo is of one export as a whole: it takes no removal and no limit',
    path: ['undo'],
  })
  .refine(({ kind, proposal }) => kind === 'plan' || proposal === undefined, {
    error: 'only a plan takes a proposal: an export uses the settings that are stored',
    path: ['proposal'],
  })
  .refine(({ kind, repair }) => kind === 'verify' || repair === undefined, {
    error: 'only a verification repairs',
    path: ['repair'],
  })
  .refine(({ kind, forget }) => (kind === 'forget') === (forget !== undefined), {
    error: 'a job that forgets a person names the request in the store, and no other job does',
    path: ['forget'],
  });
export interface JobRequestInput extends z.input<typeof JobRequestSchema> {}
export type JobRequest = z.output<typeof JobRequestSchema>;

/** What `ExportClient.start` takes. */
export interface StartInput extends Omit<
  JobRequestInput,
  'kind' | 'forget' | 'notify' | 'proposal' | 'removal' | 'repair' | 'undo'
> {}

/** What `ExportClient.verify` takes. */
export interface VerifyInput extends Pick<JobRequestInput, 'repair' | 'trigger'> {}

/** What `ExportClient.plan` takes. */
export interface PlanInput extends StartInput {
  /** Settings in the place of those of the destination, which stay as they are. @defaultValue those of the destination */
  readonly proposal?: ProposalInput | undefined;
}

/** What the workflow of a job gets, and what it returns. A kind with another shape makes these a union. */
export type JobInput = ExportInput;
export type JobReport = ExportReport;
