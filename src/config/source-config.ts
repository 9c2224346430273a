import { z } from 'zod';
import { NameSchema } from '../contract/identifiers';
import { DataverseSourceSchema, dataverseSourceSchema } from './dataverse-config';
import { RootSchema, checkStorage, storageSchema } from './object-config';
import { PostgresSourceSchema, postgresSourceSchema } from './postgres-config';
import { CustomReferenceSchema, SecretReferenceSchema } from './secret-reference';
import { SqlSourceSchema, sqlSourceSchema } from './sql-config';
import {
  MEMBER_COLUMNS,
  ONE_SEGMENT_COLUMN,
  type Table,
  TableSchema,
  hasOneSegmentColumn,
  membersSegmentSchema,
  sqlSegmentSchema,
} from './table-config';

/** Also that of references for a SecretResolver of the host's own. */
type Reference = typeof SecretReferenceSchema;

const SegmentSchema = z
  .union([
    sqlSegmentSchema(
      'One SELECT over the configured tables; its first column is the profile key. `profiles` is the table of profiles.',
    ),
    membersSegmentSchema(
      TableSchema.extend({
        key: z.string().min(1).describe('Column with the profile key.'),
        ...MEMBER_COLUMNS,
      }),
    ),
  ])
  .refine(hasOneSegmentColumn, ONE_SEGMENT_COLUMN);
export type SegmentConfig = z.infer<typeof SegmentSchema>;

const FilesProfilesSchema = TableSchema.extend({
  path: TableSchema.shape.path.optional(),
  sql: z
    .string()
    .min(1)
    .optional()
    .describe('In place of path: one SELECT over the tables, with one row per profile.'),
  key: z.string().min(1).describe('Column with the unique key of a profile.'),
})
  .refine(({ path, sql }) => (path === undefined) !== (sql === undefined), 'set path or sql, and not both')
  .refine(
    ({ sql, format, csv, sheet, rename, columns }) =>
      sql === undefined || [format, csv, sheet, rename, columns].every((setting) => setting === undefined),
    'beside sql only key: format, csv, sheet, rename and columns belong to the tables that it reads',
  );

const FILES = {
  kind: z.literal('files'),
  root: RootSchema.optional().describe(
    'Where relative paths start: a folder, s3://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX. Default: the folder of the configuration file.',
  ),
  profiles: FilesProfilesSchema.describe(
    'Files with one row per profile, or SQL over the tables; each column is an attribute.',
  ),
  tables: z
    .record(z.string().regex(/^[a-z_][a-z0-9_]*$/), TableSchema)
    .default({})
    .describe('Additional tables that the SQL of segments can read.'),
  segments: z
    .record(z.string().min(1), SegmentSchema)
    .describe('By id: SQL that selects profile keys, or a file of members.'),
};

const STORAGE = 'How to reach the objects of an s3:// or az:// root.';

function filesSourceSchema(reference: Reference) {
  return z
    .strictObject({ ...FILES, storage: storageSchema(reference).optional().describe(STORAGE) })
    .superRefine(checkStorage);
}

export const FilesSourceSchema = filesSourceSchema(SecretReferenceSchema);
type AnyFilesConfig = z.infer<typeof FilesSourceSchema>;
/** Whose profiles are a table. */
export type FilesSourceConfig = Omit<AnyFilesConfig, 'profiles'> & {
  readonly profiles: Table & { readonly key: string };
};
/** Whose profiles are SQL over its tables. */
export type ComputedFilesConfig = Omit<AnyFilesConfig, 'profiles'> & {
  readonly profiles: { readonly sql: string; readonly key: string };
};

/** Profiles and segments in CSV, NDJSON, Parquet or .xlsx files: of a folder, of Amazon S3, or of Azure Blob Storage. */
export interface FilesSourceInput extends z.input<typeof FilesSourceSchema> {}

const CdmSegmentSchema = z
  .union([
    sqlSegmentSchema(
      'One SELECT over the tables of the model, by their names; its first column is the profile key. `profiles` is the table of profiles.',
    ),
    membersSegmentSchema(
      z.strictObject({
        table: z.string().min(1).describe('Table of the model with the memberships.'),
        key: z.string().min(1).optional().describe('Column with the profile key. Default: profiles.key.'),
        ...MEMBER_COLUMNS,
      }),
    ),
    z.strictObject({
      name: z.string().min(1).optional(),
      table: z
        .string()
        .min(1)
        .optional()
        .describe('Output table of the segment: a row for each member. Default: the segment id.'),
    }),
  ])
  .refine(hasOneSegmentColumn, ONE_SEGMENT_COLUMN);

const CDM = {
  kind: z.literal('cdm'),
  root: RootSchema.describe(
    'The lake or container, or a part of it: az://ACCOUNT/CONTAINER/PREFIX, s3://BUCKET/PREFIX, or a folder with a copy. Nothing outside of it is read, whatever the model says.',
  ),
  model: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Path of model.json, or of a manifest (*.manifest.cdm.json), below the root. Default: the only one there.',
    ),
  columnHeaders: z
    .boolean()
    .optional()
    .describe('Whether the partitions begin with a header line. Default: as the model says.'),
  profiles: z
    .strictObject({
      table: z.string().min(1).default('Customer').describe('Table of the model with one row per profile.'),
      key: z.string().min(1).default('CustomerId').describe('Column with the unique key of a profile.'),
    })
    .prefault({}),
  segments: z
    .record(z.string().min(1), CdmSegmentSchema)
    .optional()
    .describe(
      'By id: an output table, SQL, or a table of members. Default: every table whose rows are profiles, by its name.',
    ),
};

function cdmSourceSchema(reference: Reference) {
  return z
    .strictObject({ ...CDM, storage: storageSchema(reference).optional().describe(STORAGE) })
    .superRefine(checkStorage);
}

const CdmSourceSchema = cdmSourceSchema(SecretReferenceSchema);
export type CdmSourceConfig = z.infer<typeof CdmSourceSchema>;

/** Profiles and segments as Dynamics 365 Customer Insights exports them: tables in CSV with a `model.json` or a manifest. */
export interface CdmSourceInput extends z.input<typeof CdmSourceSchema> {}

/** A source of profiles and segments. A new kind needs a branch here, a folder in `sources/` and a line in its index. */
const SourceConfigSchema = z.discriminatedUnion('kind', [
  FilesSourceSchema,
  CdmSourceSchema,
  PostgresSourceSchema,
  SqlSourceSchema,
  DataverseSourceSchema,
]);
export type SourceConfig = z.infer<typeof SourceConfigSchema>;

export const SourcesSchema = z.record(NameSchema, SourceConfigSchema);
/** The same with references that only a SecretResolver of the host's own understands. */
export const CustomSecretsSourcesSchema = z.record(
  NameSchema,
  z.discriminatedUnion('kind', [
    filesSourceSchema(CustomReferenceSchema),
    cdmSourceSchema(CustomReferenceSchema),
    postgresSourceSchema(CustomReferenceSchema),
    sqlSourceSchema(CustomReferenceSchema),
    dataverseSourceSchema(CustomReferenceSchema),
  ]),
);

/** Ids of the segments that the configuration names; undefined where the source itself says which it has. */
export function configuredSegments({ segments }: SourceConfig): readonly string[] | undefined {
  return segments && Object.keys(segments);
}
