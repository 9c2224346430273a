import { z } from 'zod';
import { AlertsSchema, CustomAlertsSchema } from './alert-config';
import { ConfigureSettingsSchema, ConnectSettingsSchema } from '../contract/destination';
import { DestinationIdSchema, NameSchema } from '../contract/identifiers';
import { DestinationScheduleSchema } from '../contract/schedule';
import { oauthSchema } from './oauth-config';
import { azureStagingSchema, s3StagingSchema } from './object-staging-config';
import { CustomReferenceSchema, SecretReferenceSchema } from './secret-reference';
import { CustomSecretsSourcesSchema, SourcesSchema } from './source-config';

/** Unencrypted requests to Mailchimp would expose the key and the contacts. */
const UNENCRYPTED_MAILCHIMP = /^http:\/\/(?:[^/?#]*\.)?mailchimp\.com(?:[:/?#]|$)/i;

/** @param reference how the key or the token is named */
function accountSchema(reference: z.ZodType<string, string>) {
  return z
    .strictObject({ apiKey: apiKeyOf(reference), oauth: oauthSchema(reference).optional(), ...ACCOUNT })
    .refine(({ apiKey, oauth }) => (apiKey === undefined) !== (oauth === undefined), {
      error:
        'it needs apiKey, the reference to a key, or oauth, which account login signs in with: one of the two',
    });
}

function apiKeyOf(reference: z.ZodType<string, string>) {
  return reference
    .optional()
    .describe(
      'The API key, by reference: env:VARIABLE or file:PATH. Never the key itself, which would be kept in the history.',
    );
}

const ACCOUNT = {
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'a URL that starts with https:// or http://' })
    .refine(
      (url) => !/^[^/]*\/\/[^/]*@/.test(url),
      'a URL without user and password: these would be a secret in the configuration',
    )
    .refine(
      (url) => !UNENCRYPTED_MAILCHIMP.test(url),
      'Mailchimp needs https://, since http:// would send the key unencrypted',
    )
    .optional()
    .describe(
      'Only for the sandbox or a proxy. Default: https://<dc>.api.mailchimp.com/3.0, dc from the key.',
    ),
  connections: z
    .int()
    .min(1)
    .max(10)
    .default(8)
    .describe(
      'Simultaneous connections of the Mailchimp user, over all workers of the task queue. Mailchimp allows 10 per user, over all tools.',
    ),
  longestRequestSeconds: z
    .number()
    .positive()
    .default(130)
    .describe(
      'After this time Mailchimp has ended every request, since its limit is 120 s. Use a shorter time only with the sandbox.',
    ),
};

export const AccountSchema = accountSchema(SecretReferenceSchema);
export type AccountConfig = z.infer<typeof AccountSchema>;

/** A Mailchimp account. */
export interface AccountInput extends z.input<typeof AccountSchema> {}

/** @param reference how the configuration names secrets */
function stagingSchema(reference: typeof SecretReferenceSchema) {
  return z
    .strictObject({
      s3: s3StagingSchema(reference)
        .optional()
        .describe('Keeps the rows of exports in a bucket, so that every worker reaches them.'),
      azure: azureStagingSchema(reference)
        .optional()
        .describe('Keeps the rows of exports in a container, so that every worker reaches them.'),
      ...STAGING,
    })
    .refine(({ s3, azure }) => s3 === undefined || azure === undefined, 'set s3 or azure, and not both');
}

const STAGING = {
  folder: z
    .string()
    .min(1)
    .default('.temporal-mailchimp/staging')
    .describe(
      'Local folder for the rows of exports; mode 0700. With s3 or azure: for copies and files in progress, which may be lost.',
    ),
  cacheLimit: z
    .string()
    .regex(/^[1-9]\d*(MB|GB)$/)
    .default('10GB')
    .describe(
      'With s3 or azure: how much the copies of objects in the folder may take. What a step reads stays, also above it.',
    ),
  memoryLimit: z
    .string()
    .regex(/^\d+(MB|GB)$/)
    .default('256MB')
    .describe("DuckDB's buffer memory. A worker needs about 300 MB in addition."),
  keepDays: z
    .int()
    .min(1)
    .default(30)
    .describe('Days to keep the rows of an export after it has ended, unless keepExports is reached before.'),
  keepExports: z
    .int()
    .min(1)
    .default(100)
    .describe(
      'Exports of each destination whose rows are kept, and as many of its plans, verifications and forgets, unless they are older than keepDays. A million profiles take about 60 MB each time.',
    ),
  forgetDeleted: z
    .boolean()
    .default(false)
    .describe(
      'After an export in which Mailchimp answers that a contact was permanently deleted, forget the contact here as well: its rows are removed, and a keyed hash keeps it from being sent.',
    ),
  workerTimeoutSeconds: z
    .int()
    .min(5)
    .default(120)
    .describe(
      'Seconds after which an export reports STAGING_WORKER_MISSING if no worker that reaches the store takes a step. A destination stores the value when it connects.',
    ),
};

const StagingSchema = stagingSchema(SecretReferenceSchema);

/** Where the rows of exports are kept. */
export interface StagingInput extends z.input<typeof StagingSchema> {}

/** Not a URL, which would be taken for a host name: the error would be that nothing answers there. */
const HOST_AND_PORT = 'a host and a port, for example 127.0.0.1:7233';
export const AddressSchema = z
  .string(HOST_AND_PORT)
  .regex(/^(?:\[[\da-fA-F:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?$/, HOST_AND_PORT);
const LISTEN_ADDRESS = 'an IP address, or localhost, and a port up to 65535, for example 127.0.0.1:9464';
/** To listen on: without a port, any would be taken. */
export const ListenAddressSchema = z
  .string(LISTEN_ADDRESS)
  .regex(/^(?:\[[\da-fA-F:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|localhost):\d{1,5}$/, {
    error: LISTEN_ADDRESS,
    abort: true,
  })
  .refine((address) => Number(address.split(':').at(-1)) <= 65_535, LISTEN_ADDRESS);
export const NamespaceSchema = z.string('the name of a namespace').min(1, 'the name of a namespace');
export const TaskQueueSchema = z.string().min(1, 'the name of a task queue');

const TlsSchema = z
  .strictObject({
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe('Name in the certificate of the server, where it is not the host of the address.'),
    serverCaCert: SecretReferenceSchema.optional().describe(
      'Certificate of the authority that signed that of the server. file:PATH or env:VARIABLE.',
    ),
    clientCert: SecretReferenceSchema.optional().describe(
      'Client certificate (mTLS), as PEM. file:PATH or env:VARIABLE.',
    ),
    clientKey: SecretReferenceSchema.optional().describe(
      'Key of the client certificate, as PEM. file:PATH or env:VARIABLE.',
    ),
  })
  .refine(({ clientCert, clientKey }) => (clientCert === undefined) === (clientKey === undefined), {
    error: 'clientCert and clientKey belong together: set both, or neither',
  });

const EncryptionSchema = z
  .strictObject({
    keys: z
      .record(NameSchema, SecretReferenceSchema)
      .describe('Keys by id: 32 bytes in base64, by reference. All of them decrypt.'),
    use: NameSchema.describe('Id of the key that encrypts.'),
  })
  .refine(({ keys, use }) => Object.hasOwn(keys, use), {
    error: '`use` names none of the keys',
    path: ['use'],
  });

export const WebUiSchema = z.url({
  protocol: /^https?$/,
  error: 'a URL that starts with https:// or http://',
});

export const TemporalSchema = z.strictObject({
  address: AddressSchema.default('127.0.0.1:7233'),
  namespace: NamespaceSchema.default('default'),
  taskQueue: TaskQueueSchema.default('mailchimp').describe('Task queue of the worker that runs the plugin.'),
  apiKey: SecretReferenceSchema.optional().describe('Turns TLS on. env:VARIABLE or file:PATH.'),
  tls: z
    .union([z.boolean(), TlsSchema])
    .optional()
    .describe('true: TLS with the certificates of the system. Default: on with an API key, otherwise off.'),
  encryption: EncryptionSchema.optional().describe(
    "Encrypts what Temporal keeps of inputs and results. Clients and workers of a namespace need the same keys. Default: it is as Temporal's SDK writes it.",
  ),
  searchAttributes: z
    .boolean()
    .default(false)
    .describe(
      'Sets search attributes on destinations and exports. Register them first: temporal-mailchimp search-attributes register. Temporal does not encrypt them.',
    ),
  webUi: WebUiSchema.optional().describe(
    "Address of Temporal's Web UI, for links. Default: that of Temporal Cloud, or of a dev server on this machine.",
  ),
});
export type TemporalConfig = z.infer<typeof TemporalSchema>;

/** The options of `MailchimpPlugin`. */
export const WorkerConfigSchema = z.strictObject({
  staging: StagingSchema.prefault({}),
  accounts: z.record(NameSchema, AccountSchema),
  sources: SourcesSchema,
  alerts: AlertsSchema,
});
/** The same with references that only a SecretResolver of the host's own understands. */
export const CustomSecretsConfigSchema = WorkerConfigSchema.extend({
  staging: stagingSchema(CustomReferenceSchema).prefault({}),
  accounts: z.record(NameSchema, accountSchema(CustomReferenceSchema)),
  alerts: CustomAlertsSchema,
  sources: CustomSecretsSourcesSchema,
});
export type WorkerConfig = z.infer<typeof WorkerConfigSchema>;
export type WorkerConfigInput = z.input<typeof WorkerConfigSchema>;

const DEPLOYMENT_NAME = 'a name without blanks, "." and ":"';
/** What Temporal takes as the name of a worker deployment. */
export const DeploymentNameSchema = z
  .string(DEPLOYMENT_NAME)
  .regex(/^(?!__)[^\s.:]{1,255}$/, DEPLOYMENT_NAME);
const BUILD_ID = 'a text without blanks, for example a version or a commit';
export const BuildIdSchema = z.string(BUILD_ID).regex(/^[^\s:]{1,255}$/, BUILD_ID);

const DeploymentSchema = z.strictObject({
  name: DeploymentNameSchema.describe("Name of the worker deployment in Temporal's worker versioning."),
  buildId: BuildIdSchema.optional().describe(
    'Which build this worker is. Usually given by --build-id or TEMPORAL_WORKER_BUILD_ID.',
  ),
  exports: z
    .enum(['auto-upgrade', 'pinned'])
    .default('auto-upgrade')
    .describe(
      'Whether a running export moves to the current version, or ends on the one that it began on. Destinations and refreshes always move.',
    ),
});

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const WorkerSchema = z.strictObject({
  metricsAddress: ListenAddressSchema.optional().describe(
    'Where Prometheus finds metrics, e.g. 127.0.0.1:9464. Default: none are served.',
  ),
  healthAddress: ListenAddressSchema.optional().describe(
    'Where /healthz and /readyz answer, e.g. 127.0.0.1:8080. Default: nowhere.',
  ),
  deployment: DeploymentSchema.optional().describe(
    'Makes the worker a version of a worker deployment. Default: it takes any work of its queues.',
  ),
  logFormat: z
    .enum(LOG_FORMATS)
    .default('text')
    .describe('Of the lines on standard error: for people, or one JSON object each.'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('The least level that is logged.'),
});

/** The configuration file: the worker, Temporal, and the destinations that the CLI connects and configures. */
export const ConfigSchema = WorkerConfigSchema.extend({
  temporal: TemporalSchema.prefault({}),
  worker: WorkerSchema.prefault({}).describe('The standalone worker: temporal-mailchimp worker.'),
  destinations: z
    .record(
      DestinationIdSchema,
      z.strictObject({
        connect: ConnectSettingsSchema,
        configure: ConfigureSettingsSchema.optional(),
        schedule: DestinationScheduleSchema.optional().describe(
          'When to export it again. `destination configure` and `schedule sync` make Temporal match it.',
        ),
      }),
    )
    .default({}),
});
export type Config = z.infer<typeof ConfigSchema>;

/** For editors; `schema/` has a copy, which `scripts/write-config-schema.js` writes. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: 'Configuration of temporal-mailchimp',
    ...z.toJSONSchema(ConfigSchema, { io: 'input' }),
  };
}
