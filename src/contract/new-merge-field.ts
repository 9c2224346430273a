import { z } from 'zod';
import { MERGE_FIELD_TYPES, type MergeField } from './merge-field';

/** A field of one of the others needs settings that a setup does not ask for: choices, or the parts of an address. */
export const CREATED_TYPES = MERGE_FIELD_TYPES.filter(
  (type) => type !== 'address' && type !== 'radio' && type !== 'dropdown',
);

/** Names that Mailchimp uses in merge tags of its own. */
const RESERVED_TAGS = [
  'INTERESTS',
  'UNSUB',
  'FORWARD',
  'REWARDS',
  'ARCHIVE',
  'USER_URL',
  'DATE',
  'EMAIL',
  'EMAIL_TYPE',
  'TO',
];

/** Of an audience in the largest plan. Other plans have fewer, which only Mailchimp knows. */
const MOST_FIELDS = 80;
/** Of an audience in every plan. */
const MOST_FIELDS_IN_ANY_PLAN = 30;

export const NewMergeFieldSchema = z.strictObject({
  tag: z
    .string()
    .regex(/^[A-Z0-9_]{1,10}$/, 'a tag of 1 to 10 of A-Z, 0-9 and _')
    .refine((tag) => !RESERVED_TAGS.includes(tag), 'another tag: Mailchimp uses this one itself'),
  type: z.enum(CREATED_TYPES),
  name: z.string().trim().min(1).max(50),
});
/** A merge field to create. It is not required, so that people without a value can be added. */
export type NewMergeField = z.infer<typeof NewMergeFieldSchema>;

/** Why a field cannot be created beside those of the audience; undefined: it can, or it is there already. */
export function whyNotCreated(
  field: NewMergeField,
  existing: readonly Pick<MergeField, 'tag' | 'name' | 'type'>[],
): string | undefined {
  const same = existing.find(({ tag }) => tag === field.tag);
  if (same && isAsWanted(field, same)) return undefined;
  if (same) return `the audience has a merge field ${same.tag} already: "${same.name}", of type ${same.type}`;
  if (existing.length < MOST_FIELDS) return undefined;
  return `the audience has ${existing.length} merge fields, and Mailchimp allows ${MOST_FIELDS} at most`;
}

/** Whether an audience with so many fields may have too many for its plan. */
export function mayExceedPlan(fields: number): boolean {
  return fields > MOST_FIELDS_IN_ANY_PLAN;
}

export function isAsWanted({ name, type }: NewMergeField, field: Pick<MergeField, 'name' | 'type'>): boolean {
  return field.type === type && field.name === name;
}
