import { z } from 'zod';
import { NameSchema } from '../contract/identifiers';

const CsvDialectSchema = z.strictObject({
  delimiter: z.string().length(1).default(',').describe('One character between values.'),
  quote: z
    .string()
    .length(1)
    .default('"')
    .describe('Character around values that hold a delimiter or a line break.'),
  escape: z.string().length(1).default('"').describe('Character before a quote inside a quoted value.'),
  header: z.boolean().default(true).describe('Whether the first line names the columns.'),
  encoding: z.enum(['utf-8', 'utf-16', 'latin-1']).default('utf-8'),
  nullText: z
    .string()
    .optional()
    .describe('Text that stands for "no value", e.g. NULL. An empty value always does.'),
});

/** Files with one table; globs are expanded when the table is read. Relative paths start at the configuration file. */
export const TableSchema = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      'File, glob or list of them. The ending picks the format: .csv, .tsv, .ndjson, .jsonl (each also .gz), .parquet.',
    ),
  format: z.enum(['csv', 'ndjson', 'parquet']).optional().describe('Overrides the ending.'),
  csv: CsvDialectSchema.optional(),
  columns: z
    .array(z.string().min(1))
    .optional()
    .describe('Column names, for CSV files without a header line.'),
});
export type Table = z.infer<typeof TableSchema>;

export const SegmentSchema = z.union([
  z.strictObject({
    name: z
      .string()
      .min(1)
      .optional()
      .describe('Text for people and default tag name. Default: the segment id.'),
    sql: z
      .string()
      .min(1)
      .describe(
        'One SELECT over the configured tables; its first column is the profile key. `profiles` is the table of profiles.',
      ),
  }),
  z.strictObject({
    name: z.string().min(1).optional(),
    members: TableSchema.extend({
      key: z.string().min(1).describe('Column with the profile key.'),
      segment: z
        .string()
        .min(1)
        .optional()
        .describe('Column with the segment, where one file holds several segments.'),
      value: z
        .string()
        .optional()
        .describe('Value in that column that means this segment. Default: the segment id.'),
    }),
  }),
]);
export type SegmentConfig = z.infer<typeof SegmentSchema>;

export const FilesSourceSchema = z.strictObject({
  kind: z.literal('files'),
  profiles: TableSchema.extend({
    key: z.string().min(1).describe('Column that names a profile; unique.'),
  }),
  tables: z
    .record(z.string().regex(/^[a-z_][a-z0-9_]*$/), TableSchema)
    .default({})
    .describe('Further tables that segments written in SQL may read.'),
  segments: z.record(z.string().min(1), SegmentSchema),
});
export type FilesSourceConfig = z.infer<typeof FilesSourceSchema>;

/** Where profiles and segments are read from. A new kind is a branch here, and a folder and a line in `sources/`. */
export const SourceConfigSchema = z.discriminatedUnion('kind', [FilesSourceSchema]);
export type SourceConfig = z.infer<typeof SourceConfigSchema>;

export const SourcesSchema = z.record(NameSchema, SourceConfigSchema);
