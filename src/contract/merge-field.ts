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

/** How a source may write days, besides ISO 8601. `DD/MM` has no year, for birthdays only. */
export const DATE_FORMATS = [
  'DD/MM/YYYY',
  'MM/DD/YYYY',
  'DD.MM.YYYY',
  'DD-MM-YYYY',
  'YYYY/MM/DD',
  'YYYYMMDD',
  'DD/MM',
] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

/** What becomes of a field that we had filled when its attribute is empty. */
export const EmptySchema = z.enum(['clear', 'keep']);

/** A matched attribute with the merge field it feeds: what staging needs to make wire values. */
export const FieldMatchSchema = z.object({
  attribute: z.string().min(1),
  field: MergeFieldSchema,
  /** Default: clear. */
  empty: EmptySchema.optional(),
  /** Default: ISO 8601. */
  format: z.enum(DATE_FORMATS).optional(),
});
export type FieldMatch = z.infer<typeof FieldMatchSchema>;
