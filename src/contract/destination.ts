import { z } from 'zod';
import { DestinationIdSchema, NameSchema } from './identifiers';
import type { ConsentFact } from '../text/consent-notes';
import { GuardSettingsSchema } from './guard';
import { DATE_FORMATS, EmptySchema, FieldMatchSchema } from './merge-field';
import { StatusIfNewSchema } from './outcome';
import type { ExportReport } from './report';

/** The statement that connecting asks a person to agree to. A new wording is a new version, and asks again. */
export const CONSENT_TEXT = {
  version: '2026-11',
  text:
    'I agree that profile data of the chosen segments (e-mail address, and the attributes matched to merge fields) leaves this ' +
    'system and is stored by Mailchimp under the terms of our account there; that the people concerned were informed and that ' +
    'there is a lawful basis for it; and that this agreement is recorded with my name and can be withdrawn at any time.',
} as const;

/** What can stand in a configuration file; consent cannot, since a person gives it. */
export const ConnectSettingsSchema = z.strictObject({
  name: z.string().trim().min(1).max(100).describe('Display name.'),
  account: NameSchema.describe('Mailchimp account, as the worker configuration names it.'),
  audienceId: z
    .string()
    .regex(/^[a-z0-9]{4,20}$/, 'an audience id is ten hexadecimal digits, e.g. 1a2b3c4d5e')
    .describe('In Mailchimp: Audience > Settings > Audience name and defaults.'),
  source: NameSchema.describe('Source of profiles and segments, as the worker configuration names it.'),
  statusIfNew: StatusIfNewSchema.describe(
    'Status given to people who are new to the audience; existing people keep theirs. "pending" makes Mailchimp send each a confirmation mail.',
  ),
});

export const ConsentGivenSchema = z.strictObject({
  agreedBy: z.string().trim().min(1).max(200).describe('Who agrees; kept in the history.'),
  textVersion: z.string().min(1),
});

export const ConnectInputSchema = ConnectSettingsSchema.extend({
  consent: ConsentGivenSchema.optional().describe('Absent: refused with CONSENT_REQUIRED.'),
  exportUser: z.string().trim().min(1).max(200).describe('The identity on whose authority data leaves.'),
  adopt: z
    .boolean()
    .default(false)
    .describe('Take over the baseline that an earlier destination of this name left in the store.'),
});
export type ConnectInput = z.input<typeof ConnectInputSchema>;
export type ConnectRequest = z.output<typeof ConnectInputSchema>;

/** A tag's name as Mailchimp and people can tell it apart: trimmed, NFC, no control characters. */
export const TagNameSchema = z
  .string()
  .transform((name) => name.trim().normalize('NFC'))
  .pipe(
    z
      .string()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u, 'a tag name holds no control characters'),
  );

/** What people who are unsubscribed or cleaned get; their status stays in any case. */
export const OptedOutSchema = z.enum(['update', 'skip']);
export type OptedOut = z.infer<typeof OptedOutSchema>;

/** An attribute for a merge field, with what is special about it. */
export const FieldSettingsSchema = z.strictObject({
  attribute: z.string().min(1),
  empty: EmptySchema.default('clear').describe(
    'An empty value clears a field that we had filled, or keeps what Mailchimp has.',
  ),
  format: z
    .enum(DATE_FORMATS)
    .optional()
    .describe('How the source writes days, for date and birthday fields. Default: ISO 8601.'),
});

export type FieldSettings = z.output<typeof FieldSettingsSchema>;

export const ConfigureSettingsSchema = z.strictObject({
  email: z.string().min(1).describe('Attribute with the e-mail address. Required.'),
  fields: z
    .record(
      z.string().regex(/^[A-Z0-9_]{1,10}$/, "a merge field's tag has 1 to 10 of A-Z, 0-9, _"),
      z.union([z.string().min(1), FieldSettingsSchema]),
    )
    .default({})
    .describe(
      'Merge field tag: attribute, or attribute with `empty` and `format`. FNAME and LNAME are Mailchimp’s first and last name.',
    ),
  strict: z
    .boolean()
    .default(false)
    .describe(
      'A value that does not fit its field makes the profile invalid; else only the value is left out.',
    ),
  optedOut: OptedOutSchema.default('update').describe(
    'What unsubscribed and cleaned people get: fields and tags, or nothing. Their status stays in any case.',
  ),
  latest: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Attribute with a date, time or number: among profiles that share an address the greatest wins. Default: the lowest key.',
    ),
  segments: z
    .record(z.string().min(1), TagNameSchema.nullable())
    .describe('Segment id: tag name; null: the segment’s own name.'),
  adoptTags: z.boolean().default(false).describe('Allow tags that exist in the audience already.'),
  guards: GuardSettingsSchema.prefault({}).describe('When an export is held until somebody approves it.'),
});
export const ConfigureInputSchema = ConfigureSettingsSchema.extend({
  email: z
    .string()
    .default('')
    .describe('Attribute with the e-mail address. Empty: refused with EMAIL_NOT_MATCHED.'),
});
export type ConfigureInput = z.input<typeof ConfigureInputSchema>;
export type ConfigureRequest = z.output<typeof ConfigureInputSchema>;

/** `auto`: by size, and by what each lane is seen to do. */
export const AskedLaneSchema = z.enum(['auto', 'batch', 'direct']);
export type AskedLane = z.infer<typeof AskedLaneSchema>;

/** Per-export switches; each is off unless a person asks. */
export const ExportOptionsSchema = z.strictObject({
  allowUnreadableLines: z
    .boolean()
    .default(false)
    .describe('Export although lines of the source could not be read; plans no removals.'),
  allowMassRemoval: z
    .boolean()
    .default(false)
    .describe('Export although a segment fell to zero or many people would lose their tags.'),
  allowRestoredTags: z
    .boolean()
    .default(false)
    .describe(
      'Export although a tag was deleted in Mailchimp: it is made again, and all its people are tagged again.',
    ),
  allowNewContacts: z
    .boolean()
    .default(false)
    .describe('Export although there are more new contacts than configured.'),
  allowOverLimit: z
    .boolean()
    .default(false)
    .describe('Export although the contact limit that was configured would be crossed.'),
  census: z
    .boolean()
    .default(false)
    .describe(
      'Read the whole audience again, as the first export does: who is in it and which tags they carry.',
    ),
  limit: z.int().min(1).optional().describe('Send at most this many profiles; the rest is not_sent.'),
  lane: AskedLaneSchema.default('auto').describe(
    'How changes travel: as batches, directly, or (auto) by size and by what each way is seen to do.',
  ),
});
export type ExportOptionsInput = z.input<typeof ExportOptionsSchema>;
export type ExportOptions = z.output<typeof ExportOptionsSchema>;

export const CancelExportInputSchema = z.strictObject({ exportId: z.uuid() });

export const RemoveInputSchema = z.strictObject({
  removedBy: z.string().trim().min(1).max(200),
  exported: z.enum(['keep']).default('keep').describe('What becomes of people already exported.'),
});
export type RemoveInput = z.input<typeof RemoveInputSchema>;

/** Travels with each change that a client asks for. */
export const EnvelopeSchema = z.object({
  requestId: z
    .string()
    .min(1)
    .max(100)
    .describe('A repeated request with the same id gets the first answer.'),
  notAfter: z
    .number()
    .int()
    .describe('Milliseconds since 1970: the request is refused when it is read later than this.'),
});
export type Envelope = z.infer<typeof EnvelopeSchema>;

export const DestinationInputSchema = z.object({ destinationId: DestinationIdSchema });

export interface Consent {
  readonly agreedBy: string;
  readonly agreedAt: string;
  readonly textVersion: string;
  readonly withdrawnAt?: string;
  readonly withdrawnBy?: string;
}

export interface Audience {
  readonly id: string;
  readonly name: string;
  readonly doubleOptin: boolean;
}

export const ConfigurationSchema = z.object({
  email: z.string(),
  fields: z.array(FieldMatchSchema),
  strict: z.boolean(),
  optedOut: OptedOutSchema,
  latest: z.string().nullable(),
  segments: z.array(
    z.object({
      segment: z.string(),
      tag: z.string(),
      /** Mailchimp's id of the tag: its identity, through renames. Null until the first export has made it. */
      tagId: z.int().nullable(),
      /** Its name in Mailchimp when last seen. Another one than `tag`: it is renamed by the next export. */
      knownAs: z.string().nullable(),
      /** Taken over from others, and no export has completed with it since: who carries it is still to be read. */
      isAdopted: z.boolean().optional(),
      digest: z.string(),
    }),
  ),
  guards: GuardSettingsSchema,
});
/** Data matching and segments, checked against the real source and the real audience. */
export type Configuration = z.infer<typeof ConfigurationSchema>;

export type DestinationPhase = 'connecting' | 'connected' | 'configured' | 'removed';

/** What `destination show` and the state query tell. Counts, ids and references only. */
export interface DestinationView {
  readonly destinationId: string;
  readonly phase: DestinationPhase;
  readonly name: string;
  readonly account: string;
  readonly accountId: string;
  readonly audience: Audience;
  readonly source: string;
  readonly storeId: string;
  readonly statusIfNew: string;
  /** What that means for the consent of new people, with the audience's double opt-in; empty before it is connected. */
  readonly consentFacts: readonly ConsentFact[];
  readonly exportUser: string;
  readonly consent: Consent | null;
  readonly configuration: Configuration | null;
  readonly baseline: { readonly exportId: string; readonly size: number } | null;
  readonly running: { readonly exportId: string; readonly number: number } | null;
  readonly queued: number;
  /** Latest first, at most ten. */
  readonly exports: readonly ExportReport[];
}

/** Answer to `startJob`: at once, before anything is read or sent. */
export interface StartedExport {
  readonly exportId: string;
  readonly number: number;
  readonly workflowId: string;
  /** Known once the export has started. */
  readonly firstExecutionRunId?: string;
  readonly disposition: 'started' | 'joined' | 'queued';
}
