import { z } from 'zod';
import { SecretReferenceSchema } from './secret-reference';

/** Also that of references for a SecretResolver of the host's own. */
type Reference = typeof SecretReferenceSchema;

/** A name as SQL writes it: in small letters, or between double quotes as it is. */
const NAME = String.raw`(?:[a-zA-Z_\u0080-\uffff][\w$\u0080-\uffff]*|"(?:[^"\0]|"")+")`;
const TABLE_NAME =
  'a table or a view as SQL names it, such as customers, crm.customers or "My Schema"."Customers"';

const ROWS = {
  table: z
    .string()
    .regex(new RegExp(String.raw`^${NAME}(?:\.${NAME})?$`), TABLE_NAME)
    .optional()
    .describe(
      'A table or a view, as SQL names it: crm.customers, or "Customers" between double quotes for capital letters.',
    ),
  sql: z.string().min(1).optional().describe('One SELECT, in place of table. PostgreSQL runs it.'),
};

const ONE_OF_ROWS = 'set table or sql, and not both';
const hasOneOfRows = ({ table, sql }: { table?: string | undefined; sql?: string | undefined }): boolean =>
  (table === undefined) !== (sql === undefined);

const ProfilesSchema = z
  .strictObject({ ...ROWS, key: z.string().min(1).describe('Column with the unique key of a profile.') })
  .refine(hasOneOfRows, ONE_OF_ROWS);

const MembersSchema = z
  .strictObject({
    ...ROWS,
    key: z.string().min(1).describe('Column with the profile key.'),
    segment: z
      .string()
      .min(1)
      .optional()
      .describe('Column with the segment, for a table with several segments.'),
    value: z
      .string()
      .optional()
      .describe('Value in that column that means this segment. Default: the segment id.'),
  })
  .refine(hasOneOfRows, ONE_OF_ROWS);

const DISPLAY_NAME = z
  .string()
  .min(1)
  .optional()
  .describe('Display name and default tag name. Default: the segment id.');

const SegmentSchema = z.union([
  z.strictObject({
    name: DISPLAY_NAME,
    sql: z
      .string()
      .min(1)
      .describe('One SELECT over anything that the role may read; its first column is the profile key.'),
  }),
  z.strictObject({ name: DISPLAY_NAME, members: MembersSchema }),
]);

const TLS_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

function tlsSchema(reference: Reference) {
  return z
    .strictObject({
      mode: z
        .enum(TLS_MODES)
        .optional()
        .describe(
          "libpq's sslmode. Default: verify-full, and disable for a server on this machine without other settings of tls.",
        ),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe('Name in the certificate of the server, where it is not the host.'),
      serverCaCert: reference
        .optional()
        .describe('Certificate of the authority that signed that of the server. file:PATH or env:VARIABLE.'),
      clientCert: reference.optional().describe('Client certificate, as PEM. file:PATH or env:VARIABLE.'),
      clientKey: reference
        .optional()
        .describe('Key of the client certificate, as PEM. file:PATH or env:VARIABLE.'),
    })
    .refine(({ clientCert, clientKey }) => (clientCert === undefined) === (clientKey === undefined), {
      error: 'clientCert and clientKey belong together: set both, or neither',
    });
}

function connectionSchema(reference: Reference) {
  return z.strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Host name, address, or folder of a Unix socket.'),
    port: z.int().min(1).max(65_535).default(5432),
    database: z.string().min(1),
    user: z.string().min(1).describe('A role that may read the tables, and nothing else.'),
    password: reference.optional().describe('By reference: env:VARIABLE or file:PATH.'),
  });
}

/** Where a server is, and how it is read. */
function serverFields(reference: Reference) {
  return {
    // A reference of a host's own may have any scheme, and messages quote references.
    url: reference
      .refine(
        (text) => !/^postgres(ql)?:/i.test(text),
        'this is the URL itself: put it into a variable or a file, and name that',
      )
      .optional()
      .describe(
        'Reference to postgres://user:password@host:port/database?sslmode=…, in place of connection. Never the URL itself.',
      ),
    connection: connectionSchema(reference).optional(),
    tls: tlsSchema(reference).optional(),
    statementTimeoutSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .default(600)
      .describe(
        'The server ends a statement that takes longer, and the export fails with SOURCE_UNREADABLE.',
      ),
    versionSql: z
      .string()
      .min(1)
      .optional()
      .describe(
        'One SELECT with one row, which is another one after each change, such as SELECT max(updated_at), count(*) FROM customers. An equal row means that nothing has changed. Default: not known.',
      ),
  };
}

const ONE_ADDRESS = { error: 'set url or connection, and not both' };
const hasOneAddress = ({
  url,
  connection,
}: {
  readonly url?: string | undefined;
  readonly connection?: object | undefined;
}): boolean => (url === undefined) !== (connection === undefined);

/** @param reference how the configuration names secrets */
export function postgresSourceSchema(reference: Reference) {
  return z
    .strictObject({
      kind: z.literal('postgres'),
      ...serverFields(reference),
      profiles: ProfilesSchema.describe(
        'A table, a view or a SELECT with one row per profile; each column is an attribute.',
      ),
      segments: z
        .record(z.string().min(1), SegmentSchema)
        .describe('By id: SQL that selects profile keys, or a table of members.'),
    })
    .refine(hasOneAddress, ONE_ADDRESS);
}

/** A table of a source of SQL. @param reference how the configuration names secrets */
export function postgresTableSchema(reference: Reference) {
  return z
    .strictObject({ kind: z.literal('postgres'), ...serverFields(reference), ...ROWS })
    .refine(hasOneOfRows, ONE_OF_ROWS)
    .refine(hasOneAddress, ONE_ADDRESS);
}

/** Only where a server is. */
export const PostgresServerSchema = z
  .strictObject({ ...serverFields(SecretReferenceSchema) })
  .refine(hasOneAddress, ONE_ADDRESS);
export type PostgresTableConfig = z.infer<ReturnType<typeof postgresTableSchema>>;
export const PostgresSourceSchema = postgresSourceSchema(SecretReferenceSchema);
export type PostgresSourceConfig = z.infer<typeof PostgresSourceSchema>;
export type TlsMode = (typeof TLS_MODES)[number];

/** Profiles and segments in a PostgreSQL database. */
export interface PostgresSourceInput extends z.input<typeof PostgresSourceSchema> {}
