import { z } from 'zod';
import { PersonNameSchema } from './second-person';
import { RejectLimitSchema } from './rejects';

/** Why an export is held before anything is sent. Each has an option that lets one export pass. */
export const GUARDS = [
  'UNDO',
  'MASS_REMOVAL',
  'MEMBERS_UNMATCHED',
  'TAG_RESTORED',
  'NEW_CONTACTS',
  'CONTACT_LIMIT',
  'SECOND_PERSON',
  'REJECTS',
  'REJECTS_HELD',
] as const;
/** Why an export is held. @useDeclaredType */
export type GuardCode = (typeof GUARDS)[number];

/** A number of a plan that is above its limit. */
export interface Guard {
  readonly code: GuardCode;
  /** For the operator, with the numbers. Contains names of segments and tags, and no contact. */
  readonly message: string;
  /** Contacts, (address, tag) pairs to remove, or membership rows. */
  readonly number: number;
  readonly limit: number;
  /** Undefined: the guard is about the export as a whole. */
  readonly segment?: string;
}

/** An approval, with the approved numbers: a later plan is held again if it exceeds them. */
export interface Approval {
  readonly planId: string;
  /** Who approved it. */
  readonly by: string;
  /** In ISO 8601 and UTC. */
  readonly at: string;
  readonly numbers: readonly Pick<Guard, 'code' | 'number' | 'segment'>[];
}

/** The decision that a held export ends with nothing sent. */
export type Denial = Pick<Approval, 'planId' | 'by' | 'at'>;

/** What an export that awaits approval is held for. */
export interface Held {
  /** For `approve` and `deny`. */
  readonly planId: string;
  /** In ISO 8601 and UTC, as `until`. */
  readonly since: string;
  /** When the export ends as `expired`, with nothing sent. */
  readonly until: string;
  readonly guards: readonly Guard[];
  /** Who asked for it. Undefined: no person, or the request did not say. */
  readonly askedBy?: string;
  /** Another person than `askedBy` has to approve it. */
  readonly needsSecondPerson?: true;
}

export const GuardSettingsSchema = z.strictObject({
  removalShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe(
      'Hold an export that removes a tag from more than this share of the exported contacts (0: from any contact).',
    ),
  newContacts: z.int().min(0).optional().describe('Hold an export with more new contacts than this.'),
  contactLimit: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Hold an export after which the Mailchimp account would have more contacts than this, over all audiences.',
    ),
  rejects: RejectLimitSchema.optional().describe(
    'Hold an export if more profiles than this number, or this share of the selected ones ("5%"), are invalid, or are left out since Mailchimp has refused them.',
  ),
});
export type GuardSettings = z.infer<typeof GuardSettingsSchema>;

/** `planId` ensures that the decision is about the numbers that were seen. */
export const ApproveInputSchema = z.strictObject({
  planId: z.string().min(1).max(100).describe('The plan whose numbers were reviewed: `held.planId`.'),
  by: PersonNameSchema.describe('Name of the decider; kept in the history.'),
});
/** A decision about a held export. */
export interface ApproveInput extends z.input<typeof ApproveInputSchema> {}

/**
 * `replanned`: the plan was more than an hour old. The export ends with nothing sent, and a new one starts at once, which is held again
 * only if a number exceeds what was approved.
 */
export type Approved = 'approved' | 'replanned';
