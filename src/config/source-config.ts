import { z } from 'zod';
import { NameSchema } from '../contract/identifiers';

/** As people write them, and as the Encoding Standard does not. */
const ENCODING_ALIASES: Readonly<Record<string, string>> = { 'latin-1': 'latin1', utf8: 'utf-8' };

const EncodingSchema = z.string().transform((label, context) => {
  try {
    return new TextDecoder(ENCODING_ALIASES[label.toLowerCase()] ?? label).encoding;
  } catch {
    context.addIssue('an encoding that TextDecoder knows, such as utf-8, windows-1252, utf-16 or shift_jis');
    return z.NEVER;
  }
});

const CsvDialectSchema = z.strictObject({
  delimiter: z.string().length(1).default(',').describe('One character between values.'),
  quote: z
    .string()
    .length(1)
    .default('"')
    .describe('Character around values that contain a delimiter or a line break.'),
  escape: z.string().length(1).default('"').describe('Character before a quote inside a quoted value.'),
  header: z.boolean().default(true).describe('Whether the first line names the columns.'),
  skip: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Lines at the beginning of each file to pass over, such as a title. A line `sep=;` is always passed over.',
    ),
  encoding: EncodingSchema.default('utf-8').describe(
    'Any encoding that TextDecoder knows: utf-8, windows-1252, utf-16, shift_jis. latin-1 means windows-1252. A byte order mark is believed more.',
  ),
  nullText: z
    .union([z.string(), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      'Text, or list of texts, that means "no value", e.g. NULL. Blanks around it do not count. An empty value always means "no value".',
    ),
});

/** Files of one table. Globs are expanded when the table is read; relative paths start at the folder of the configuration file. */
const TableSchema = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      'A file, a glob, or a list of these. The extension sets the format: .csv, .tsv, .ndjson, .jsonl (each also .gz), .parquet, .xlsx.',
    ),
  format: z.enum(['csv', 'ndjson', 'parquet', 'xlsx']).optional().describe('Overrides the extension.'),
  csv: CsvDialectSchema.optional().describe(
    'How CSV files are written. Of these, header, skip and nullText are for .xlsx too.',
  ),
  sheet: z.string().min(1).optional().describe('Name of the sheet of an .xlsx file. Default: the first one.'),
  rename: z
    .record(z.string().min(1), z.string().min(1))
    .optional()
    .describe('New names for columns, by the names in the files, e.g. `E-Mail: Email`.'),
  columns: z.array(z.string().min(1)).optional().describe('Column names, for files without a header line.'),
});
export type Table = z.infer<typeof TableSchema>;

const SegmentSchema = z.union([
  z.strictObject({
    name: z
      .string()
      .min(1)
      .optional()
      .describe('Display name and default tag name. Default: the segment id.'),
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
        .describe('Column with the segment, for files with several segments.'),
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
    key: z.string().min(1).describe('Column with the unique key of a profile.'),
  }).describe('Files with one row per profile; each column is an attribute.'),
  tables: z
    .record(z.string().regex(/^[a-z_][a-z0-9_]*$/), TableSchema)
    .default({})
    .describe('Additional tables that the SQL of segments can read.'),
  segments: z
    .record(z.string().min(1), SegmentSchema)
    .describe('By id: SQL that selects profile keys, or a file of members.'),
});
export type FilesSourceConfig = z.infer<typeof FilesSourceSchema>;

/** Profiles and segments in CSV, NDJSON or Parquet files. */
export interface FilesSourceInput extends z.input<typeof FilesSourceSchema> {}

/** A source of profiles and segments. A new kind needs a branch here, a folder in `sources/` and a line in its index. */
const SourceConfigSchema = z.discriminatedUnion('kind', [FilesSourceSchema]);
export type SourceConfig = z.infer<typeof SourceConfigSchema>;

export const SourcesSchema = z.record(NameSchema, SourceConfigSchema);
