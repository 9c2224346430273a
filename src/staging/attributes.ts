import type { FieldMatch } from '../contract/merge-field';

/**
 * Attributes that a source has to extract, in the order that the plan expects: the e-mail attribute first (`a0`), then the
 * matched ones in the order of `fields`, each once.
 */
export function extractAttributes(email: string, fields: readonly FieldMatch[]): readonly string[] {
  return [...new Set([email, ...fields.map(({ attribute }) => attribute)])];
}

/** Column of the snapshot that holds an attribute. */
export function attributeColumn(attributes: readonly string[], attribute: string): string {
  return `a${attributes.indexOf(attribute)}`;
}
