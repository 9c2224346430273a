import { z } from 'zod';
import { RejectLimitSchema } from './rejects';

/** `auto`: by size and by the measured rates of both lanes. */
export const LaneChoiceSchema = z.enum(['auto', 'batch', 'direct']);
export type LaneChoice = z.infer<typeof LaneChoiceSchema>;

/** Options of one export; each switch is off by default. */
export const ExportOptionsSchema = z.strictObject({
  allowUnreadableLines: z
    .boolean()
    .default(false)
    .describe('Export even if lines of the source are unreadable; no tags are removed then.'),
  allowMassRemoval: z
    .boolean()
    .default(false)
    .describe('Export even if a segment became empty or many contacts would lose their tags.'),
  allowUnmatchedMembers: z
    .boolean()
    .default(false)
    .describe(
      'Export even if contacts would lose the tag of a segment that has new membership rows which select no profile.',
    ),
  allowRestoredTags: z
    .boolean()
    .default(false)
    .describe(
      'Export even if a tag was deleted in Mailchimp: it is created again, and all its contacts are tagged again.',
    ),
  allowNewContacts: z
    .boolean()
    .default(false)
    .describe('Export even if there are more new contacts than configured.'),
  allowAfterUndo: z
    .boolean()
    .default(false)
    .describe('Export even if an export was taken back: what was taken back may be sent again.'),
  allowOverLimit: z
    .boolean()
    .default(false)
    .describe('Export even if the configured contact limit would be exceeded.'),
  allowRejects: z
    .boolean()
    .default(false)
    .describe(
      'Export even if there are more rejects than allowed, or rows of a class whose policy is `hold`.',
    ),
  holdOnRejects: RejectLimitSchema.optional().describe(
    'Hold the export if more profiles than this number, or this share of the selected ones, are invalid or are left out since Mailchimp has refused them. Default: `guards.rejects`.',
  ),
  census: z
    .boolean()
    .default(false)
    .describe('Read the whole audience again, as the first export does: its members and their tags.'),
  retryRefused: z
    .boolean()
    .default(false)
    .describe(
      'Send contacts again that Mailchimp has refused, although the same was refused; not those that have to wait.',
    ),
  limit: z.int().min(1).optional().describe('Send at most this many profiles; the rest is not_sent.'),
  lane: LaneChoiceSchema.default('auto').describe(
    'How changes are sent: in batches, directly, or (auto) by size and by the measured rates of both.',
  ),
});
/** Options of one export. Each switch is off by default. */
export interface ExportOptionsInput extends z.input<typeof ExportOptionsSchema> {}
export type ExportOptions = z.output<typeof ExportOptionsSchema>;
