import type { FieldMatch } from '../../contract/merge-field';

/** What an export reads of each profile. */
export interface Matching {
  readonly email: string;
  readonly fields: readonly FieldMatch[];
  readonly latest: string | null;
}

/**
 * Attributes that a source extracts, in the order that the plan expects, each once: the e-mail attribute (`a0`), the matched ones in the
 * order of `fields`, and the one that decides which of several profiles is the latest.
 */
export function extractAttributes({ email, fields, latest }: Matching): readonly string[] {
  const attributes = [email, ...fields.map(({ attribute }) => attribute)];
  return [...new Set(latest === null ? attributes : [...attributes, latest])];
}

/** Column of the snapshot that contains an attribute. */
export function attributeColumn(attributes: readonly string[], attribute: string): string {
  return `a${attributes.indexOf(attribute)}`;
}

/** A statement holds 2,048 values of each field that it reads several times: 0.5 MB each time where they have 255 bytes. */
const FIELDS_AT_ONCE = 32;

/** The fields in groups that one statement reads. */
export function inGroups<Field>(fields: readonly Field[]): Field[][] {
  const groups = Math.ceil(fields.length / FIELDS_AT_ONCE);
  return Array.from({ length: groups }, (_, group) =>
    fields.slice(group * FIELDS_AT_ONCE, (group + 1) * FIELDS_AT_ONCE),
  );
}
