import { z } from 'zod';
import { DestinationIdSchema, NameSchema } from './identifiers';
import { LeaversSchema } from './archiving';
import { distinctList } from './distinct-list';
import { RejectPoliciesSchema } from './reject-policy';
import { GuardSettingsSchema } from './guard';
import { addressSchema, DATE_FORMATS, DecimalSchema, EmptySchema, FieldMatchSchema } from './merge-field';
import type { Removal } from './removal';
import type { Undo } from './undo';
import { StatusIfNewSchema } from './outcome';
import { ApprovalSettingsSchema, PersonNameSchema } from './second-person';

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
    .regex(/^[a-z0-9]{4,20}$/, 'the id of an audience: ten hexadecimal digits, e.g. 1a2b3c4d5e')
    .describe('In Mailchimp: Audience > Settings > Audience name and defaults.'),
  source: NameSchema.describe('Source of profiles and segments, as the worker configuration names it.'),
  statusIfNew: StatusIfNewSchema.describe(
    'Status of contacts that are new to the audience; existing members keep theirs. With "pending", Mailchimp sends each a confirmation mail.',
  ),
  consentProof: z
    .string()
    .trim()
    .min(10)
    .max(500)
    .optional()
    .describe(
      'A sentence that says where new contacts have proven their consent; recorded with the consent. Required for "subscribed" where the audience has double opt-in.',
    ),
  labels: distinctList(NameSchema, { most: 20 })
    .default([])
    .describe('Names by which a refresh chooses destinations; replaced when it is connected again.'),
});

const ConsentGivenSchema = z.strictObject({
  agreedBy: PersonNameSchema.describe('Name of the user who agrees; kept in the history.'),
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

const SqlSchema = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .describe(
    'One expression of DuckDB over the attributes of a profile, which are texts: no query, no clock, no chance. It is matched as an attribute is.',
  );

/** An attribute, or an expression over attributes. */
const ValueSchema = z.union([z.string().min(1), z.strictObject({ sql: SqlSchema })]);
export type MatchedValue = z.output<typeof ValueSchema>;

/** An attribute for a merge field, or those of an address, with settings. */
const FieldSettingsSchema = z
  .strictObject({
    attribute: z.string().min(1).optional(),
    sql: SqlSchema.optional(),
    address: addressSchema(ValueSchema)
      .optional()
      .describe(
        'Attributes of an address: Mailchimp needs addr1, city, state and zip. An incomplete address is left out and counted.',
      ),
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
  })
  .refine(({ attribute, sql, address }) => isOne([attribute, sql, address]), {
    error: 'one of attribute, sql and address',
  });

export type FieldSettings = z.output<typeof FieldSettingsSchema>;

/** An attribute for a group, with its settings. */
const GroupSettingsSchema = z
  .strictObject({
    attribute: z.string().min(1).optional(),
    sql: SqlSchema.optional(),
    empty: EmptySchema.default('clear').describe(
      'Whether an empty value takes a contact out of a group that an export has set, or keeps what Mailchimp has.',
    ),
  })
  .refine(({ attribute, sql }) => isOne([attribute, sql]), { error: 'one of attribute and sql' });
export type GroupSettings = z.output<typeof GroupSettingsSchema>;

function isOne(values: readonly unknown[]): boolean {
  return values.filter((value) => value !== undefined).length === 1;
}

const SignupSettingsSchema = z
  .strictObject({
    ip: ValueSchema.optional().describe('Attribute with the IP address that signed up.'),
    at: ValueSchema.optional().describe('Attribute with the time of the signup, in ISO 8601.'),
  })
  .refine(({ ip, at }) => ip !== undefined || at !== undefined, { error: 'ip, at, or both' });

const LatestSchema = z.strictObject({
  attribute: z.string().min(1),
  format: z
    .enum(DATE_FORMATS)
    .optional()
    .describe('Format of its dates; a time of day may follow. Default: ISO 8601, or a number.'),
});

/** Attributes with an address, in the order in which they are preferred. */
const EmailsSchema = distinctList(z.string().min(1), { least: 1, most: 5 });

export const ConfigureSettingsSchema = z.strictObject({
  email: z
    .union([z.string().min(1), EmailsSchema])
    .describe(
      'Attribute with the e-mail address; or up to five, in order: of each profile, the first one with a usable address counts. Required.',
    ),
  fields: z
    .record(
      z.string().regex(/^[A-Z0-9_]{1,10}$/, "a merge field's tag has 1 to 10 of A-Z, 0-9, _"),
      z.union([z.string().min(1), FieldSettingsSchema]),
    )
    .default({})
    .describe(
      'Merge field tag: attribute, or an object of `attribute`, `sql` or `address`, with `empty`, `format` and `decimal`. FNAME and LNAME are first and last name in Mailchimp.',
    ),
  groups: z
    .record(z.string().min(1), z.union([z.string().min(1), GroupSettingsSchema]))
    .optional()
    .describe(
      'Group of the audience, as "Category/Group": attribute that says whether a contact is in it (yes, no, true, false, 1, 0, …), or an object of attribute and `empty`. Other groups stay as they are.',
    ),
  language: ValueSchema.optional().describe(
    'Attribute with the language of a contact, such as de, pt_PT or en-GB. An empty one is left out.',
  ),
  addOnlyIf: ValueSchema.optional().describe(
    'Attribute that says whether a person may be added (yes, no, true, false, 1, 0, …). Contacts that are new to the audience are added only where it says yes; those that the audience has are updated, whatever it says. Default: all are added.',
  ),
  signup: SignupSettingsSchema.optional().describe(
    'Evidence of a signup, sent with contacts that are new to the audience only.',
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
  leavers: LeaversSchema.default('untag').describe(
    'What becomes of contacts that leave all segments: `untag` removes our tags; `archive` archives them as well, if we provably created them, and they are subscribed or transactional and carry no tag of others; `keep` leaves them their tags.',
  ),
  rejects: RejectPoliciesSchema.optional().describe(
    'What later exports do with rows that Mailchimp has refused, by class: `until_changed` does not send the same row again; `afterDays` does so after so many days; `next_export` sends it again; `hold` is `until_changed`, and holds each export that leaves such a row out.',
  ),
  guards: GuardSettingsSchema.prefault({}).describe('When an export is held for approval.'),
  approval: ApprovalSettingsSchema.optional().describe(
    'Who may approve what is held. Default: anyone, also who asked for it.',
  ),
  verify: z
    .strictObject({
      sample: z
        .int()
        .min(1)
        .max(1000)
        .describe('So many contacts, chosen at random, are read back after each complete export.'),
    })
    .optional()
    .describe('Default: contacts are compared when a verification is started.'),
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
    .union([z.string(), EmailsSchema])
    .default('')
    .describe(
      'Attribute with the e-mail address; or up to five, in order: of each profile, the first one with a usable address counts. Empty: refused with EMAIL_NOT_MATCHED.',
    ),
});
/** What `ExportClient.configure` takes: data matching, segments, and when an export is held. */
export interface ConfigureInput extends z.input<typeof ConfigureInputSchema> {}
export type ConfigureRequest = z.output<typeof ConfigureInputSchema>;

export const CancelExportInputSchema = z.strictObject({ exportId: z.uuid() });

export const RemoveInputSchema = z.strictObject({
  removedBy: PersonNameSchema.describe('Name of the user who removes it; kept in the history.'),
});

/** What the update `removeDestination` takes. */
export type RemoveRequest = z.input<typeof RemoveInputSchema>;

/** What `ExportClient.remove` takes. */
export interface RemoveInput extends z.input<typeof RemoveInputSchema>, Partial<ExportedChoice<'keep'>> {}

interface ExportedChoice<Also = never> {
  /**
   * What becomes of exported contacts. `untag`: they lose our tags. `archive`: those that we provably created, and that are subscribed or
   * transactional and carry no tag of others, are archived as well. `keep`, the default of `remove`: they stay as they are.
   */
  readonly exported: Also | Exclude<Removal['exported'], 'keep'>;
  /** How many contacts may lose their tags; if there are more, the removal is held for approval. Default: 0. */
  readonly contacts?: number;
}

/** What `ExportClient.startRemoval` and `planRemoval` take. */
export interface StartRemovalInput extends z.input<typeof RemoveInputSchema>, ExportedChoice<'keep'> {}

/** What `ExportClient.startUndo` and `planUndo` take. The report of the export that is taken back has `exportId` and `number`. */
export interface StartUndoInput extends Pick<Undo, 'exportId' | 'number'> {
  /** Name of the user who takes it back; kept in the history. */
  readonly undoneBy: string;
  /** How many contacts may change; if there are more, the undo is held for approval. Default: 0. */
  readonly contacts?: number;
}

export const WithdrawConsentInputSchema = z.strictObject({
  withdrawnBy: PersonNameSchema.describe('Name of the user who withdraws the consent; kept in the history.'),
  reason: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .optional()
    .describe('Why, in a sentence; kept in the history, so without names of customers.'),
});
/** What `ExportClient.withdrawConsent` takes. */
export interface WithdrawConsentInput extends z.input<typeof WithdrawConsentInputSchema> {}
export type WithdrawConsentRequest = z.output<typeof WithdrawConsentInputSchema>;

const StoreIdSchema = z.string().regex(/^[0-9a-f]{8}$/, 'the id of a staging store');

export const MoveStoreInputSchema = z.strictObject({
  from: StoreIdSchema.describe('Id of the staging store that the destination has.'),
  to: StoreIdSchema.describe('Id of its complete copy.'),
});
/** What `ExportClient.moveStore` takes. */
export interface MoveStoreInput extends z.input<typeof MoveStoreInputSchema> {}
export type MoveStoreRequest = z.output<typeof MoveStoreInputSchema>;

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
  /** Where new contacts have proven their consent, as `consentProof` said. */
  readonly proof?: string;
  /** Set once it is withdrawn, or the destination is removed: nothing leaves from then on. */
  readonly withdrawnAt?: string;
  readonly withdrawnBy?: string;
  /** Why, if the person said so. */
  readonly withdrawnReason?: string;
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
  /** Whether its contacts have marketing permissions (GDPR fields). Undefined: not, or connected by an earlier version. */
  readonly marketingPermissions?: boolean;
}

const SignupSchema = z.object({ ip: z.string().optional(), at: z.string().optional() });
/** Attributes with the IP address and the time of a signup. */
export interface SignupMatch extends z.infer<typeof SignupSchema> {}

const ExpressionSchema = z.object({
  sql: z.string(),
  /** The attributes that it reads. */
  reads: z.array(z.string()),
});
/** SQL that makes a text of the attributes of a profile. */
export interface MatchedExpression extends z.infer<typeof ExpressionSchema> {}

const ConfigurationSchema = z.object({
  email: z.string(),
  /** Attributes that count, in their order, where `email` has no usable address. Undefined: none. */
  otherEmails: z.array(z.string()).optional(),
  fields: z.array(FieldMatchSchema),
  strict: z.boolean(),
  optedOut: OptedOutSchema,
  latest: z.string().nullable(),
  latestFormat: z.enum(DATE_FORMATS).optional(),
  /** Attribute that says whether a new contact may be added. Undefined: all are added. */
  addOnlyIf: z.string().optional(),
  /** Attributes that prove the signup of a new contact. */
  signup: SignupSchema.optional(),
  /** Matched in the place of attributes, by their SQL. Undefined: none. */
  expressions: z.array(ExpressionSchema).optional(),
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
  /** Undefined: `untag`. */
  leavers: LeaversSchema.optional(),
  /** Undefined: the default of each class. */
  rejects: RejectPoliciesSchema.optional(),
  guards: GuardSettingsSchema,
  /** Undefined: anyone may approve. */
  approval: ApprovalSettingsSchema.optional(),
  /** Undefined: an export reads no sample back. */
  verify: z.object({ sample: z.int() }).optional(),
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
