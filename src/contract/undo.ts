import { z } from 'zod';
import { PersonNameSchema } from './second-person';

export const UndoSchema = z.strictObject({
  exportId: z.uuid().describe('Id of the export that is taken back.'),
  number: z.int().min(1).describe('Its number, which reports and the Web UI name.'),
  by: PersonNameSchema.describe('Name of the user who takes it back; kept in the history.'),
  contacts: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Contacts that may change, as the user has seen their number; if there are more, it is held. Default: 0, so each undo that changes a contact is held.',
    ),
});
/** An export that takes back an earlier one: its contacts get what they had before that one. */
export type Undo = z.output<typeof UndoSchema>;

/** What of the export stays, in contacts. */
export interface Remains {
  /** They were in the audience before, and not in the baseline: what they had in the matched fields is not known, so their values stay. */
  readonly overwritten: number;
  /** What an export had sent to them before is no longer known: their values stay, and they get no tag back. */
  readonly forgotten: number;
  /** The export added them, or gave them a tag: mails and journeys that followed stay. */
  readonly reached: number;
}

/** The export that was taken back last. */
export type Undone = Pick<Undo, 'number' | 'by'>;
