import { z } from 'zod';

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
export const TableSchema = z.strictObject({
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

const SegmentNameSchema = z
  .string()
  .min(1)
  .optional()
  .describe('Display name and default tag name. Default: the segment id.');

/** Columns of a table of members. */
export const MEMBER_COLUMNS = {
  segment: z
    .string()
    .min(1)
    .optional()
    .describe('Column with the segment, for tables with several segments and a row for each membership.'),
  segments: z
    .string()
    .min(1)
    .optional()
    .describe(
      'In place of segment, for tables with one row per customer: column with a JSON list of segments, as Dataverse has it: {"Segments":["vip","north"]}.',
    ),
  value: z
    .string()
    .optional()
    .describe('Value in that column, or in its list, that means this segment. Default: the segment id.'),
};

/** Checked of the union as a whole: an error of one of its branches would only say that no branch fits. */
export const ONE_SEGMENT_COLUMN = {
  error: 'segment and segments exclude each other: set the one that the table has',
  path: ['members'],
};

interface AnySegment {
  readonly name?: string | undefined;
  readonly members?: { readonly segment?: string | undefined; readonly segments?: string | undefined };
}

export function hasOneSegmentColumn({ members }: AnySegment): boolean {
  return members?.segment === undefined || members.segments === undefined;
}

/** A segment that is SQL. @param description of the SQL: what it can read */
export function sqlSegmentSchema(description: string) {
  return z.strictObject({ name: SegmentNameSchema, sql: z.string().min(1).describe(description) });
}

/** A segment whose members are rows of a table. */
export function membersSegmentSchema<Members extends z.ZodType>(members: Members) {
  return z.strictObject({ name: z.string().min(1).optional(), members });
}
