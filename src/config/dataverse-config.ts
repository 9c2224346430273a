import { z } from 'zod';
import { SecretReferenceSchema } from './secret-reference';

/** Also that of references for a SecretResolver of the host's own. */
type Reference = typeof SecretReferenceSchema;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** An address without a path. A token and rows of people travel over it, so http is for this machine only. */
const OriginSchema = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, origin, href } = new URL(text);
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
  return isSafe && href === `${origin}/`;
}, 'an address that begins with https:// and has no path, such as https://contoso.crm.dynamics.com');

/** Logical names: the server writes them in small letters. */
const TableSchema = z.string().regex(/^[a-z][a-z0-9_]*$/, 'the logical name of a table, in small letters');
const ColumnSchema = z.string().regex(/^[A-Za-z_]\w*$/, 'the logical name of a column');

const FILTER = z
  .string()
  .min(1)
  .optional()
  .describe('An OData filter of the rows that are read, such as: statecode eq 0. Default: all rows.');

const ProfilesSchema = z.strictObject({
  table: TableSchema.default('msdynci_customerprofile').describe('Table with one row per profile.'),
  key: ColumnSchema.default('msdynci_customerid').describe('Column with the unique key of a profile.'),
  filter: FILTER,
});

const MembersSchema = z
  .strictObject({
    table: TableSchema.default('msdynci_segmentmembership').describe('Table with the memberships.'),
    key: ColumnSchema.default('msdynci_customerid').describe('Column with the profile key.'),
    segments: ColumnSchema.optional().describe(
      'Column with a JSON list of segments, such as {"Segments":["vip"]}. Default: msdynci_segments.',
    ),
    segment: ColumnSchema.optional().describe(
      'In place of segments, for a table with a row for each membership: column with the segment.',
    ),
    filter: FILTER,
  })
  .refine(({ segment, segments }) => segment === undefined || segments === undefined, {
    error: 'segment and segments exclude each other: set the one that the table has',
  });

const MetadataSchema = z
  .union([
    z.literal(false),
    z.strictObject({
      table: TableSchema.default('mscipriv_segmentmetadata'),
      name: ColumnSchema.optional().describe(
        'Column with the name that memberships have. Default: the one that ends in _name.',
      ),
      displayName: ColumnSchema.optional().describe(
        'Column with the display name. Default: the one that ends in _friendlyname or _displayname, if there is one.',
      ),
    }),
  ])
  .prefault({})
  .describe(
    'Table that lists the segments, for their names. false: it is not read, so that segments have to be named here.',
  );

const SegmentSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .describe('Display name and default tag name. Default: the display name in Customer Insights.'),
  value: z.string().min(1).optional().describe('Name that memberships have. Default: the segment id.'),
});

/** Where an environment is, and how it is read. */
function environmentFields(reference: Reference) {
  return {
    url: OriginSchema.describe('Address of the environment, such as https://contoso.crm.dynamics.com.'),
    tenantId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, 'the id of a tenant, or one of its domains')
      .describe('Microsoft Entra tenant: its id, or one of its domains.'),
    clientId: z.string().min(1).describe('Application (client) id of the app registration.'),
    clientSecret: reference.describe('By reference: env:VARIABLE or file:PATH.'),
    authority: OriginSchema.default('https://login.microsoftonline.com').describe(
      'Where tokens are asked for, for a national cloud.',
    ),
    pageSize: z
      .int()
      .min(1)
      .max(5_000)
      .default(5_000)
      .describe('Rows of one reply at most. Fewer take less memory where rows are long.'),
    quietMinutes: z
      .int()
      .min(0)
      .max(1_440)
      .default(5)
      .describe(
        'A source that was written to within this time is being refreshed: it is waited for. 0: it is not waited for, and tables without the column modifiedon are read too.',
      ),
  };
}

/** @param reference how the configuration names secrets */
export function dataverseSourceSchema(reference: Reference) {
  return z
    .strictObject({
      kind: z.literal('dataverse'),
      ...environmentFields(reference),
      profiles: ProfilesSchema.prefault({}),
      members: MembersSchema.prefault({}),
      metadata: MetadataSchema,
      segments: z
        .record(z.string().min(1), SegmentSchema)
        .optional()
        .describe('By id. Default: all segments that the metadata lists, by their names.'),
    })
    .refine(({ metadata, segments }) => metadata !== false || segments !== undefined, {
      error: 'name the segments: without metadata, it is not known which there are',
      path: ['segments'],
    });
}

/** A table of a source of SQL. @param reference how the configuration names secrets */
export function dataverseTableSchema(reference: Reference) {
  return z.strictObject({
    kind: z.literal('dataverse'),
    ...environmentFields(reference),
    table: TableSchema.describe('Logical name of the table, such as msdynci_customerprofile.'),
    filter: FILTER,
  });
}

export type DataverseTableConfig = z.infer<ReturnType<typeof dataverseTableSchema>>;
/** An environment, without what is read of it. */
export type EnvironmentConfig = Omit<DataverseTableConfig, 'kind' | 'table' | 'filter'>;
export const DataverseSourceSchema = dataverseSourceSchema(SecretReferenceSchema);
export type DataverseSourceConfig = z.infer<typeof DataverseSourceSchema>;

/** Profiles and segments of Dynamics 365 Customer Insights - Data, read from Dataverse by its Web API. */
export interface DataverseSourceInput extends z.input<typeof DataverseSourceSchema> {}
