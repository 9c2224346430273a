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
export const MergeFieldSchema = z.object({
  tag: z.string(),
  name: z.string(),
  type: z.enum(MERGE_FIELD_TYPES),
  required: z.boolean(),
  choices: z.array(z.string()).default([]),
  phoneFormat: z.string().optional(),
  dateFormat: z.string().optional(),
});
export type MergeField = z.infer<typeof MergeFieldSchema>;

/** A matched attribute with the merge field it feeds: what staging needs to make wire values. */
export const FieldMatchSchema = z.object({
  attribute: z.string().min(1),
  field: MergeFieldSchema,
});
export type FieldMatch = z.infer<typeof FieldMatchSchema>;
