import { z } from 'zod';

export const MERGE_FIELD_TYPES = [
  'text',
  'number',
  'address',
  'phone',
  'date',
  'url',
  'imageurl',
  'radio',
  'dropdown',
  'birthday',
  'zip',
] as const;

/** A merge field as the audience has it. */
const MergeFieldSchema = z.object({
  tag: z.string(),
  name: z.string(),
  type: z.enum(MERGE_FIELD_TYPES),
  required: z.boolean(),
  choices: z.array(z.string()).default([]),
  phoneFormat: z.string().optional(),
  dateFormat: z.string().optional(),
});
export type MergeField = z.infer<typeof MergeFieldSchema>;

/**
 * Date formats of sources besides ISO 8601. Days and months may have one digit, and a time of day may follow. Years of two digits are those from
 * 1969 to 2068. `DD/MM` has no year and is for birthdays only. `EXCEL` is the number that Excel shows for a date without a format.
 */
export const DATE_FORMATS = [
  'DD/MM/YYYY',
  'MM/DD/YYYY',
  'DD.MM.YYYY',
  'DD-MM-YYYY',
  'YYYY/MM/DD',
  'YYYYMMDD',
  'YYYY-MM-DD',
  'MM-DD-YYYY',
  'DD/MM/YY',
  'MM/DD/YY',
  'DD.MM.YY',
  'EXCEL',
  'DD/MM',
] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

/** Decimal mark of numbers in the source. Where it is set, marks between thousands are allowed too: the other one, blanks and apostrophes. */
export const DecimalSchema = z.enum(['.', ',']);

/** What happens to a field that an export has filled when its attribute becomes empty. */
export const EmptySchema = z.enum(['clear', 'keep']);

/** A matched attribute and its merge field: what staging needs to format the values to send. */
export const FieldMatchSchema = z.object({
  attribute: z.string().min(1),
  field: MergeFieldSchema,
  /** Default: clear. */
  empty: EmptySchema.optional(),
  /** Default: ISO 8601. */
  format: z.enum(DATE_FORMATS).optional(),
  /** Default: a point, and no marks between thousands. */
  decimal: DecimalSchema.optional(),
});
export type FieldMatch = z.infer<typeof FieldMatchSchema>;
