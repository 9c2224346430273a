import { z } from 'zod';

/** Why an export is held before anything is sent. Each has a switch of its own that lets one export pass. */
export const GUARDS = ['MASS_REMOVAL', 'TAG_RESTORED', 'NEW_CONTACTS', 'CONTACT_LIMIT'] as const;
export type GuardCode = (typeof GUARDS)[number];

/** A number of a plan that is above its limit. */
export interface Guard {
  readonly code: GuardCode;
  /** For people, with the numbers; names of segments and tags only. */
  readonly message: string;
  readonly number: number;
  readonly limit: number;
  /** The segment it is about; none: the export as a whole. */
  readonly segment?: string;
}

/** What somebody has approved: numbers, so that a later plan can tell whether it goes beyond them. */
export interface Approval {
  readonly planId: string;
  readonly by: string;
  readonly at: string;
  readonly numbers: readonly Pick<Guard, 'code' | 'number' | 'segment'>[];
}

/** An export that waits for somebody to approve or deny its plan. */
export interface Held {
  readonly planId: string;
  readonly since: string;
  /** Then it ends as `expired`, with nothing sent. */
  readonly until: string;
  readonly guards: readonly Guard[];
}

export const GuardSettingsSchema = z.strictObject({
  removalShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe(
      'Hold an export that takes a tag from more than this share of the people held (0: from anybody).',
    ),
  newContacts: z.int().min(0).optional().describe('Hold an export with more new contacts than this.'),
  contactLimit: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Hold an export that brings the contacts of the Mailchimp account, over all audiences, above this.',
    ),
});
export type GuardSettings = z.infer<typeof GuardSettingsSchema>;

/** Answers to a held export. `planId` keeps somebody from approving other numbers than those they saw. */
export const ApproveInputSchema = z.strictObject({
  planId: z.string().min(1).max(100),
  by: z.string().trim().min(1).max(200).describe('Who decides; kept in the history.'),
});
export type ApproveInput = z.input<typeof ApproveInputSchema>;

/**
 * `replanned`: the plan was more than an hour old. The export ends with nothing sent, and a new one, which is held again only if a
 * number grew beyond what was approved, starts at once.
 */
export type Approved = 'approved' | 'replanned';
