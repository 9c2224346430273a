import { z } from 'zod';
import { DestinationIdSchema, NameSchema } from './identifiers';
import { GuardSettingsSchema } from './guard';
import { DATE_FORMATS, DecimalSchema, EmptySchema, FieldMatchSchema } from './merge-field';
import { StatusIfNewSchema } from './outcome';

/** The statement that a user agrees to when connecting. A new wording is a new version, which needs a new agreement. */
export const CONSENT_TEXT = {
  version: '2026-11',
  text:
    'I agree that profile data of the chosen segments (e-mail address, and the attributes matched to merge fields) leaves this ' +
    'system and is stored by Mailchimp under the terms of our account there; that the people concerned were informed and that ' +
    'there is a lawful basis for it; and that this agreement is recorded with my name and can be withdrawn at any time.',
} as const;

/** The part of a connect request that a configuration file may contain. Consent is not in it, since a user gives it. */
export const ConnectSettingsSchema = z.strictObject({
  name: z.string().trim().min(1).max(100).describe('Display name.'),
  account: NameSchema.describe('Mailchimp account, as the worker configuration names it.'),
  audienceId: z
    .string()
    .regex(/^[a-z0-9]{4,20}$/, 'an audience id is ten hexadecimal digits, e.g. 1a2b3c4d5e')
    .describe('In Mailchimp: Audience > Settings > Audience name and defaults.'),
  source: NameSchema.describe('Source of profiles and segments, as the worker configuration names it.'),
  statusIfNew: StatusIfNewSchema.describe(
    'Status of contacts that are new to the audience; existing members keep theirs. With "pending", Mailchimp sends each a confirmation mail.',
  ),
  labels: z
    .array(NameSchema)
    .max(20)
    .default([])
    .describe('Names by which a refresh chooses destinations; replaced when it is connected again.'),
});

const ConsentGivenSchema = z.strictObject({
  agreedBy: z.string().trim().min(1).max(200).describe('Name of the user who agrees; kept in the history.'),
  textVersion: z.string().min(1).describe('Version of the statement that was read: `CONSENT_TEXT.version`.'),
});

export const ConnectInputSchema = ConnectSettingsSchema.extend({
  consent: ConsentGivenSchema.optional().describe(
    'Absent: the recorded consent stays, where it covers these settings; otherwise refused with CONSENT_REQUIRED.',
  ),
  exportUser: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'The identity on whose authority data is exported. Absent: it stays; at the first connect, who agrees.',
    ),
  adopt: z
    .boolean()
    .default(false)
    .describe('Continue from the baseline that an earlier destination of this name left in the store.'),
});
/** What `ExportClient.connect` takes: settings, and the consent of a person. */
export interface ConnectInput extends z.input<typeof ConnectInputSchema> {}
export type ConnectRequest = z.output<typeof ConnectInputSchema>;

/** A tag name in its one form: trimmed, NFC, without control characters. Otherwise two names could look the same. */
export const TagNameSchema = z
  .string()
  .transform((name) => name.trim().normalize('NFC'))
  .pipe(
    z
      .string()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u, 'a tag name contains no control characters'),
  );

/** What unsubscribed and cleaned members receive; their status stays as it is. */
const OptedOutSchema = z.enum(['update', 'skip']);
export type OptedOut = z.infer<typeof OptedOutSchema>;

/** An attribute for a merge field, with its settings. */
const FieldSettingsSchema = z.strictObject({
  attribute: z.string().min(1),
  empty: EmptySchema.default('clear').describe(
    'Whether an empty value clears a field that an export has filled, or keeps the value in Mailchimp.',
  ),
  format: z
    .enum(DATE_FORMATS)
    .optional()
    .describe('Format of dates in the source, for date and birthday fields. Default: ISO 8601.'),
  decimal: DecimalSchema.optional().describe(
    'Decimal mark of numbers in the source, for number fields; marks between thousands are allowed then. Default: a point, and none between thousands.',
  ),
});

export type FieldSettings = z.output<typeof FieldSettingsSchema>;

const LatestSchema = z.strictObject({
  attribute: z.string().min(1),
  format: z
    .enum(DATE_FORMATS)
    .optional()
    .describe('Format of its dates; a time of day may follow. Default: ISO 8601, or a number.'),
});

export const ConfigureSettingsSchema = z.strictObject({
  email: z.string().min(1).describe('Attribute with the e-mail address. Required.'),
  fields: z
    .record(
      z.string().regex(/^[A-Z0-9_]{1,10}$/, "a merge field's tag has 1 to 10 of A-Z, 0-9, _"),
      z.union([z.string().min(1), FieldSettingsSchema]),
    )
    .default({})
    .describe(
      'Merge field tag: attribute, or an object of attribute, `empty`, `format` and `decimal`. FNAME and LNAME are first and last name in Mailchimp.',
    ),
  strict: z
    .boolean()
    .default(false)
    .describe(
      'A value that does not fit its field makes the profile invalid. Default: only the value is omitted.',
    ),
  optedOut: OptedOutSchema.default('update').describe(
    'Whether unsubscribed and cleaned members receive fields and tags. Their status stays as it is.',
  ),
  latest: z
    .union([z.string().min(1), LatestSchema])
    .optional()
    .describe(
      'Attribute with a date, time or number, or an object of attribute and `format`: of profiles that share an address, the one with the greatest value is sent. Default: the one with the lowest key.',
    ),
  segments: z
    .record(z.string().min(1), TagNameSchema.nullable())
    .describe('Segment id: tag name. null: the name of the segment.'),
  adoptTags: z.boolean().default(false).describe('Allow tags that already exist in the audience.'),
  guards: GuardSettingsSchema.prefault({}).describe('When an export is held for approval.'),
  staleAfterHours: z
    .int()
    .min(1)
    .max(366 * 24)
    .optional()
    .describe(
      'The destination is stale when its last complete export ended so many hours ago. Default: it never is.',
    ),
});
export const ConfigureInputSchema = ConfigureSettingsSchema.extend({
  email: z
    .string()
    .default('')
    .describe('Attribute with the e-mail address. Empty: refused with EMAIL_NOT_MATCHED.'),
});
/** What `ExportClient.configure` takes: data matching, segments, and when an export is held. */
export interface ConfigureInput extends z.input<typeof ConfigureInputSchema> {}
export type ConfigureRequest = z.output<typeof ConfigureInputSchema>;

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
  allowOverLimit: z
    .boolean()
    .default(false)
    .describe('Export even if the configured contact limit would be exceeded.'),
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

export const CancelExportInputSchema = z.strictObject({ exportId: z.uuid() });

export const RemoveInputSchema = z.strictObject({
  removedBy: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .describe('Name of the user who removes it; kept in the history.'),
});
/** What `ExportClient.remove` takes. */
export interface RemoveInput extends z.input<typeof RemoveInputSchema> {}

/** Accompanies each change that a client requests. A request that a person sends with the Temporal CLI may have none. */
export const EnvelopeSchema = z.object({
  requestId: z
    .string()
    .min(1)
    .max(100)
    .describe('A repeated request with the same id gets the first answer.'),
  notAfter: z.number().int().describe('Milliseconds since 1970; a request that is read later is refused.'),
  sentAt: z
    .number()
    .int()
    .optional()
    .describe('The clock of the sender, in the same unit: one that is ahead is refused too.'),
  taskQueue: z
    .string()
    .optional()
    .describe('Task queue of the sender, who must be the one that the destination belongs to.'),
});
export type Envelope = z.infer<typeof EnvelopeSchema>;

/** For requests to an export: all exports of a destination have the same workflow id. */
export const ExportEnvelopeSchema = EnvelopeSchema.extend({
  exportId: z.uuid().describe('The export that is meant; another one refuses the request.'),
});
export type ExportEnvelope = z.infer<typeof ExportEnvelopeSchema>;

export const DestinationInputSchema = z.object({ destinationId: DestinationIdSchema });

/** Who agreed to the data privacy statement, and when. Times in ISO 8601 and UTC. */
export interface Consent {
  readonly agreedBy: string;
  readonly agreedAt: string;
  /** Version of the statement: `CONSENT_TEXT.version` at that time. */
  readonly textVersion: string;
  /** Set once the destination is removed: nothing leaves from then on. */
  readonly withdrawnAt?: string;
  readonly withdrawnBy?: string;
}

/**
 * Why a consent does not cover settings; undefined: it does. It is about a text, a source and `statusIfNew`: whose data leaves, and what
 * becomes of people who are new to the audience. It is also about an account and an audience, which never change. Display name, export user
 * and the name of the account (another key of the same account) may change without a new agreement.
 */
export function whyNotCovered(
  agreed: { readonly consent: Consent | null; readonly source: string; readonly statusIfNew: string },
  settings: Pick<ConnectRequest, 'source' | 'statusIfNew'>,
): string | undefined {
  const { consent, source, statusIfNew } = agreed;
  if (!consent) return `the data privacy statement (version ${CONSENT_TEXT.version}) is not agreed to`;
  if (consent.withdrawnAt !== undefined) return 'the consent was withdrawn';
  if (consent.textVersion !== CONSENT_TEXT.version)
    return `the consent is to version ${consent.textVersion} of the data privacy statement, which is now ${CONSENT_TEXT.version}`;
  if (source !== settings.source)
    return `the consent is to export from the source "${source}", not from "${settings.source}"`;
  if (statusIfNew !== settings.statusIfNew)
    return `the consent is to add contacts as "${statusIfNew}", not as "${settings.statusIfNew}"`;
  return undefined;
}

/** An audience as it was when the destination connected. */
export interface Audience {
  readonly id: string;
  readonly name: string;
  /** Whether its own signup forms ask for a confirmation by mail. */
  readonly doubleOptin: boolean;
}

const ConfigurationSchema = z.object({
  email: z.string(),
  fields: z.array(FieldMatchSchema),
  strict: z.boolean(),
  optedOut: OptedOutSchema,
  latest: z.string().nullable(),
  latestFormat: z.enum(DATE_FORMATS).optional(),
  segments: z.array(
    z.object({
      segment: z.string(),
      tag: z.string(),
      /** Mailchimp's id of the tag, which stays the same when the tag is renamed. Null until the first export has created it. */
      tagId: z.int().nullable(),
      /** Its name in Mailchimp when last read. If it differs from `tag`, the next export renames the tag. */
      knownAs: z.string().nullable(),
      /** It existed before, and no export has completed with it: the next one has to read which members carry it. */
      isAdopted: z.boolean().optional(),
    }),
  ),
  guards: GuardSettingsSchema,
  /** Undefined: the destination is never stale. */
  staleAfterHours: z.int().optional(),
  /** Of the definitions of the segments in the source. Undefined in a configuration of version 0.3.0. */
  digest: z.string().optional(),
});
/** Data matching and segments, checked against the real source and the real audience. */
export interface Configuration extends z.infer<typeof ConfigurationSchema> {}

/** Answer to `startJob`: at once, before anything is read or sent. */
export interface StartedExport {
  readonly exportId: string;
  readonly number: number;
  readonly workflowId: string;
  /** Known once the export has started. */
  readonly firstExecutionRunId?: string;
  readonly disposition: 'started' | 'joined' | 'queued';
}
