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

/** Mailchimp's types of merge fields. @useDeclaredType */
export type MergeFieldType = (typeof MERGE_FIELD_TYPES)[number];

/** Options of a merge field, with Mailchimp's names. */
export interface MergeFieldOptions {
  readonly choices?: readonly string[];
  readonly date_format?: string;
  readonly default_country?: number;
  readonly phone_format?: string;
  readonly size?: number;
}

export interface MergeField {
  readonly mergeId: number;
  /** Index of the value in a member. Slots are not reused. */
  readonly slot: number;
  readonly tag: string;
  readonly type: MergeFieldType;
  readonly name: string;
  readonly required: boolean;
  readonly defaultValue: string;
  readonly public: boolean;
  readonly displayOrder: number;
  readonly helpText: string;
  readonly options: MergeFieldOptions;
}
