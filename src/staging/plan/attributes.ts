import { attributesOf, type AddressParts, type FieldMatch } from '../../contract/merge-field';
import type { SnapshotMatching } from '../../ports/staging';

/** What a snapshot has of each profile. */
export type Matching = Omit<SnapshotMatching, 'otherEmails' | 'expressions'>;

/** Attributes that a source extracts, each once. */
export function sourceAttributes(matching: SnapshotMatching): readonly string[] {
  const { email, otherEmails = [], expressions = [] } = matching;
  const reads = new Map(expressions.map((expression) => [expression.sql, expression.reads]));
  const matched = extractAttributes(matching).flatMap((name) => reads.get(name) ?? [name]);
  return [...new Set([email, ...otherEmails, ...matched])];
}

/**
 * Attributes of the snapshot, in the order that the plan expects, each once: the e-mail attribute (`a0`), the matched ones in the
 * order of `fields`, and the one that decides which of several profiles is the latest.
 */
export function extractAttributes({
  email,
  fields,
  latest,
  addOnlyIf,
  signup = {},
}: Matching): readonly string[] {
  const attributes = [email, ...fields.flatMap(attributesOf)];
  // Last, so that those who read only the fields know the columns without them.
  const further = [latest, addOnlyIf, signup.ip, signup.at].filter((name) => typeof name === 'string');
  return [...new Set([...attributes, ...further])];
}

/** Column of the snapshot that contains an attribute. */
export function attributeColumn(attributes: readonly string[], attribute: string): string {
  return `a${attributes.indexOf(attribute)}`;
}

/** SQL: what a match reads; of an address, a struct with its parts. */
export function matchedColumn(attributes: readonly string[], { attribute, address }: FieldMatch): string {
  if (!address) return attributeColumn(attributes, attribute);
  const parts = PARTS.map((part) => {
    const { [part]: name } = address;
    return `${part} := ${name === undefined ? 'NULL::VARCHAR' : attributeColumn(attributes, name)}`;
  });
  return `struct_pack(${parts.join(', ')})`;
}

const PARTS: readonly (keyof AddressParts)[] = ['addr1', 'addr2', 'city', 'state', 'zip', 'country'];

/** A statement holds 2,048 values of each field that it reads several times: 0.5 MB each time where they have 255 bytes. */
const FIELDS_AT_ONCE = 32;

/** The fields in groups that one statement reads. */
export function inGroups<Field>(fields: readonly Field[]): Field[][] {
  const groups = Math.ceil(fields.length / FIELDS_AT_ONCE);
  return Array.from({ length: groups }, (_, group) =>
    fields.slice(group * FIELDS_AT_ONCE, (group + 1) * FIELDS_AT_ONCE),
  );
}
