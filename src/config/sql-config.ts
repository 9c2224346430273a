import { z } from 'zod';
import { dataverseTableSchema } from './dataverse-config';
import { RootSchema, checkStorage, storageSchema } from './object-config';
import { postgresTableSchema } from './postgres-config';
import { SecretReferenceSchema } from './secret-reference';
import {
  MEMBER_COLUMNS,
  ONE_SEGMENT_COLUMN,
  TableSchema,
  hasOneSegmentColumn,
  membersSegmentSchema,
  sqlSegmentSchema,
} from './table-config';

/** Also that of references for a SecretResolver of the host's own. */
type Reference = typeof SecretReferenceSchema;

const STORAGE = 'How to reach the objects of an s3:// or az:// root.';

function filesTableSchema(reference: Reference) {
  return TableSchema.extend({
    kind: z.literal('files'),
    root: RootSchema.optional().describe(
      'Where its relative paths start: a folder, s3://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX. Default: the folder of the configuration file.',
    ),
    storage: storageSchema(reference).optional().describe(STORAGE),
  }).superRefine(checkStorage);
}

function cdmTableSchema(reference: Reference) {
  return z
    .strictObject({
      kind: z.literal('cdm'),
      root: RootSchema.describe('The lake or container, as `root` of a source of kind cdm.'),
      storage: storageSchema(reference).optional().describe(STORAGE),
      model: z
        .string()
        .min(1)
        .optional()
        .describe('Path of the model below the root. Default: the only one there.'),
      columnHeaders: z
        .boolean()
        .optional()
        .describe('Whether the partitions begin with a header line. Default: as the model says.'),
      table: z.string().min(1).describe('Table of the model.'),
    })
    .superRefine(checkStorage);
}

/** A table of each kind. A new kind needs a branch here, a `TableKind` in its folder, and a line in `sources/sql/table-kinds.ts`. */
function tableSchema(reference: Reference) {
  return z.discriminatedUnion('kind', [
    filesTableSchema(reference),
    cdmTableSchema(reference),
    postgresTableSchema(reference),
    dataverseTableSchema(reference),
  ]);
}

const ProfilesSchema = z
  .strictObject({
    table: z.string().min(1).optional().describe('One of the tables, with one row per profile.'),
    sql: z
      .string()
      .min(1)
      .optional()
      .describe('In place of table: one SELECT over the tables, with one row per profile.'),
    key: z.string().min(1).describe('Column with the unique key of a profile.'),
  })
  .refine(
    ({ table, sql }) => (table === undefined) !== (sql === undefined),
    'set table or sql, and not both',
  );

const SegmentSchema = z
  .union([
    sqlSegmentSchema(
      'One SELECT over the tables, of any kind; its first column is the profile key. `profiles` is the table of profiles.',
    ),
    membersSegmentSchema(
      z.strictObject({
        table: z.string().min(1).describe('One of the tables, with the memberships.'),
        key: z.string().min(1).describe('Column with the profile key.'),
        ...MEMBER_COLUMNS,
      }),
    ),
  ])
  .refine(hasOneSegmentColumn, ONE_SEGMENT_COLUMN);

/** @param reference how the configuration names secrets */
export function sqlSourceSchema(reference: Reference) {
  return z
    .strictObject({
      kind: z.literal('sql'),
      tables: z
        .record(z.string().regex(/^[a-z_][a-z0-9_]*$/), tableSchema(reference))
        .refine((tables) => !Object.hasOwn(tables, 'profiles'), {
          error: 'no table can be called profiles: that is the name of the profiles in SQL',
        })
        .describe('By the name that SQL knows it by: tables of any kind.'),
      profiles: ProfilesSchema.describe(
        'A table, or SQL over the tables, with one row per profile; each column is an attribute.',
      ),
      segments: z
        .record(z.string().min(1), SegmentSchema)
        .describe('By id: SQL that selects profile keys, or a table of members.'),
    })
    .superRefine(({ tables, profiles, segments }, context) => {
      const requireTable = (table: string | undefined, path: readonly string[]) => {
        if (table === undefined || Object.hasOwn(tables, table)) return;
        const message = `there is no table "${table}" in tables`;
        context.addIssue({ code: 'custom', message, path: [...path, 'table'] });
      };
      requireTable(profiles.table, ['profiles']);
      for (const [id, segment] of Object.entries(segments)) {
        if ('members' in segment) requireTable(segment.members.table, ['segments', id, 'members']);
      }
    });
}

export const SqlSourceSchema = sqlSourceSchema(SecretReferenceSchema);
export type SqlSourceConfig = z.infer<typeof SqlSourceSchema>;
export type TableConfig = SqlSourceConfig['tables'][string];
export type FilesTableConfig = z.infer<ReturnType<typeof filesTableSchema>>;
export type CdmTableConfig = z.infer<ReturnType<typeof cdmTableSchema>>;

/** Profiles and segments in SQL over tables of any kind: files, Customer Insights, PostgreSQL, Dataverse. */
export interface SqlSourceInput extends z.input<typeof SqlSourceSchema> {}
