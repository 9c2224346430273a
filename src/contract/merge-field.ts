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

/** Parts of an address, as Mailchimp names them. It takes no address without those that are not optional. */
export function addressSchema<Part extends z.ZodType>(part: Part) {
  return z.strictObject({
    addr1: part,
    addr2: part.optional(),
    city: part,
    state: part,
    zip: part,
    country: part.optional(),
  });
}

const AddressPartsSchema = addressSchema(z.string().min(1));
/** Parts of an address, each with an attribute. */
export type AddressParts = z.infer<typeof AddressPartsSchema>;

/**
 * What an attribute can feed besides merge fields: a group, which the API calls an interest, and the language of a contact. They have no
 * merge field; `tag` is then `group:<id of the interest>` or `member:language`, which no merge field can have.
 */
const MATCHED_TYPES = [...MERGE_FIELD_TYPES, 'group', 'language'] as const;

const MatchedFieldSchema = MergeFieldSchema.extend({ type: z.enum(MATCHED_TYPES) });
export type MatchedField = z.infer<typeof MatchedFieldSchema>;

/** A matched attribute and its merge field, group or language: what staging needs to format the values to send. */
export const FieldMatchSchema = z.object({
  /** Of an address, the one of its first line. */
  attribute: z.string().min(1),
  field: MatchedFieldSchema,
  /** The attributes of an address. */
  address: AddressPartsSchema.optional(),
  /** Default: clear. */
  empty: EmptySchema.optional(),
  /** Default: ISO 8601. */
  format: z.enum(DATE_FORMATS).optional(),
  /** Default: a point, and no marks between thousands. */
  decimal: DecimalSchema.optional(),
});
export type FieldMatch = z.infer<typeof FieldMatchSchema>;

const GROUP = 'group:';

/** A group in the place of a merge field. @param id of the interest */
export function groupField({ id, name }: { readonly id: string; readonly name: string }): MatchedField {
  return { tag: `${GROUP}${id}`, name, type: 'group', required: false, choices: [] };
}

/** Mailchimp's id of the interest. */
export function groupId({ tag }: Pick<MatchedField, 'tag'>): string {
  return tag.slice(GROUP.length);
}

/** The language of a contact in the place of a merge field. */
export const LANGUAGE: MatchedField = {
  tag: 'member:language',
  name: 'language',
  type: 'language',
  required: false,
  choices: [],
};

export function isMergeField({ type }: MatchedField): boolean {
  return type !== 'group' && type !== 'language';
}

/** The attributes that a match reads. */
export function attributesOf({ attribute, address }: FieldMatch): readonly string[] {
  return address ? Object.values(address).filter((part) => part !== undefined) : [attribute];
}

/** What warnings call it: the tag of a merge field, the name of anything else. */
export function labelOf(field: MatchedField): string {
  return isMergeField(field) ? field.tag : field.name;
}

/** A report repeats it for each kind of warning: SQL can be long. */
const LONGEST_LABEL = 60;

/** What warnings call the attributes of a match, or SQL in their place. */
export function attributeLabel(match: FieldMatch): string {
  return shortLabel([...new Set(attributesOf(match))].join(', '));
}

export function shortLabel(name: string): string {
  return name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
}
