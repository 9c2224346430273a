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
