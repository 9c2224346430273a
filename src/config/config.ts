import { z } from 'zod';
import { ConfigureSettingsSchema, ConnectSettingsSchema } from '../contract/destination';
import { DestinationIdSchema, NameSchema } from '../contract/identifiers';
import { SourcesSchema } from './source-config';

/** A Mailchimp API key after the colon. */
const LOOKS_LIKE_KEY = /^(?:[a-z][a-z0-9+.-]*):[0-9a-f]{32}(?:-[a-z]+[0-9]+)?$/i;
/** Mailchimp itself, unencrypted: whoever sits on the line would read key and people. */
const UNENCRYPTED_MAILCHIMP = /^http:\/\/(?:[^/?#]*\.)?mailchimp\.com(?:[:/?#]|$)/i;

/** A secret by reference: its text never stands in a configuration file, a message or Temporal's history. */
export const SecretReferenceSchema = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/,
    'name a secret as env:VARIABLE or file:PATH, never by its text',
  )
  // A reference is named in messages, which stay in Temporal's history.
  .refine(
    (reference) => !LOOKS_LIKE_KEY.test(reference),
    'this looks like the key itself: put it into a variable or a file, and name that',
  )
  .describe('env:VARIABLE or file:PATH; read by the worker at each attempt.');

/** A reference for a SecretResolver of the host's own. */
const ForeignReferenceSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9+.-]*:.+$/i,
    'name a secret as SCHEME:NAME, in the words of your SecretResolver, never by its text',
  )
  .refine((reference) => !LOOKS_LIKE_KEY.test(reference), 'this looks like the key itself: name it instead');

export const AccountSchema = z.strictObject({
  apiKey: SecretReferenceSchema,
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'a URL that starts with https:// or http://' })
    .refine(
      (url) => !/^[^/]*\/\/[^/]*@/.test(url),
      'no user and no password: they would be a secret by its text',
    )
    .refine(
      (url) => !UNENCRYPTED_MAILCHIMP.test(url),
      'Mailchimp is spoken to by https:// only: the key would travel unencrypted',
    )
    .optional()
    .describe(
      'Only for the sandbox or a proxy. Default: https://<dc>.api.mailchimp.com/3.0, dc from the key.',
    ),
  connections: z
    .int()
    .min(1)
    .max(10)
    .default(4)
    .describe(
      'Simultaneous connections of one worker. Mailchimp allows 10 for a user, over all tools: divide by the workers.',
    ),
  longestRequestSeconds: z
    .number()
    .positive()
    .default(130)
    .describe(
      'After so long a request cannot be running at Mailchimp any more: its limit is 120 s. Shorter only for the sandbox.',
    ),
});
export type AccountConfig = z.infer<typeof AccountSchema>;

export const StagingSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .default('.temporal-mailchimp/staging')
    .describe('Local folder of rows in transit; mode 0700.'),
  memoryLimit: z
    .string()
    .regex(/^\d+(MB|GB)$/)
    .default('256MB')
    .describe("DuckDB's buffer memory; a worker needs about 300 MB beyond it."),
  keepDays: z.int().min(1).default(30).describe('Days that the rows of an ended export are kept.'),
});

export const TemporalSchema = z.strictObject({
  address: z.string().default('127.0.0.1:7233'),
  namespace: z.string().default('default'),
  taskQueue: z.string().min(1).default('mailchimp').describe('Queue of the worker that holds the plugin.'),
  apiKey: SecretReferenceSchema.optional(),
  tls: z.boolean().optional(),
});

/** What the worker side needs: the options of `MailchimpPlugin`. */
export const WorkerConfigSchema = z.strictObject({
  staging: StagingSchema.prefault({}),
  accounts: z.record(NameSchema, AccountSchema),
  sources: SourcesSchema,
});
/** The same with references that only a SecretResolver of the host's own understands. */
export const ForeignSecretsConfigSchema = WorkerConfigSchema.extend({
  accounts: z.record(NameSchema, AccountSchema.extend({ apiKey: ForeignReferenceSchema })),
});
export type WorkerConfig = z.infer<typeof WorkerConfigSchema>;
export type WorkerConfigInput = z.input<typeof WorkerConfigSchema>;

/** The configuration file: worker side, Temporal, and the destinations that the CLI connects and configures. */
export const ConfigSchema = WorkerConfigSchema.extend({
  temporal: TemporalSchema.prefault({}),
  destinations: z
    .record(
      DestinationIdSchema,
      z.strictObject({ connect: ConnectSettingsSchema, configure: ConfigureSettingsSchema.optional() }),
    )
    .default({}),
});
export type Config = z.infer<typeof ConfigSchema>;
