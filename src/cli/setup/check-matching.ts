import { ExportError } from '../../errors';
import type { MergeField } from '../../contract/merge-field';
import { mayExceedPlan, whyNotCreated } from '../../contract/new-merge-field';
import { listOf } from '../../text/format';
import { lazy } from '../lazy';
import { answered, type Draft } from './setup';

/**
 * Checks what can be checked before the worker does, so that nothing is created for a matching that is refused afterwards.
 * @throws ExportError EMAIL_NOT_MATCHED, ATTRIBUTE_NOT_FOUND, MERGE_FIELD_NOT_FOUND, MERGE_FIELD_TAKEN, MERGE_FIELD_UNSUPPORTED,
 *   REQUIRED_FIELD_UNMATCHED
 */
export function checkMatching(draft: Draft): void {
  const email = answered(draft, 'email');
  if (email === '')
    throw new ExportError('EMAIL_NOT_MATCHED', 'No attribute is matched to Email. Name one with --email.');
  requireAttributes(draft, [email, ...Object.values(answered(draft, 'fields'))]);
  requireFields(draft);
  requireRoom(draft);
}

function requireAttributes(draft: Draft, names: readonly string[]): void {
  const { attributes } = answered(draft, 'read');
  const missing = names.find((name) => !attributes.includes(name));
  // NDJSON without a row names no columns.
  if (missing === undefined || attributes.length === 0) return;
  throw new ExportError(
    'ATTRIBUTE_NOT_FOUND',
    `The source has no attribute "${missing}". ${lazy.reading().suggest(missing, attributes)}`,
  );
}

function requireFields(draft: Draft): void {
  const present = answered(draft, 'mergeFields');
  const fields = answered(draft, 'fields');
  const created = answered(draft, 'created').map(({ tag }) => tag);
  const missing = Object.keys(fields).filter(
    (tag) => !created.includes(tag) && !present.some((field) => field.tag === tag),
  );
  if (missing.length > 0) {
    throw new ExportError(
      'MERGE_FIELD_NOT_FOUND',
      `The audience has no merge field ${listOf(missing)}. It has: ${listOf(present.map(({ tag }) => tag))}. ` +
        `To create one: --create-field ${missing[0] ?? ''}=text:NAME`,
    );
  }
  const unused = created.find((tag) => !Object.hasOwn(fields, tag));
  if (unused !== undefined) {
    throw new ExportError(
      'INPUT_INVALID',
      `--create-field ${unused}: no attribute is matched to it. Match one with --field ${unused}=ATTRIBUTE, or leave it out.`,
    );
  }
  const unmatched = requiredAndUnmatched(draft);
  if (unmatched.length === 0) return;
  throw new ExportError(
    'REQUIRED_FIELD_UNMATCHED',
    `The audience requires ${listOf(unmatched.map(({ tag }) => tag))}, which no attribute is matched to: Mailchimp would reject every ` +
      'contact. Match it, or make it optional in Mailchimp.',
  );
}

/** Merge fields without which Mailchimp refuses a contact, and which nothing fills. */
export function requiredAndUnmatched(draft: Draft): readonly MergeField[] {
  const filled = [...Object.keys(answered(draft, 'fields')), ...(draft.keptFields ?? [])];
  return answered(draft, 'mergeFields').filter(({ tag, required }) => required && !filled.includes(tag));
}

function requireRoom(draft: Draft): void {
  const present = [...answered(draft, 'mergeFields')];
  for (const field of answered(draft, 'created')) {
    const why = whyNotCreated(field, present);
    if (why !== undefined)
      throw new ExportError('MERGE_FIELD_TAKEN', `The merge field ${field.tag} cannot be created: ${why}.`);
    if (!present.some(({ tag }) => tag === field.tag))
      present.push({ ...field, required: false, choices: [] });
  }
}

/** Merge fields that the audience does not have yet. */
export function fieldsToCreate(draft: Draft) {
  const present = answered(draft, 'mergeFields');
  return answered(draft, 'created').filter(({ tag }) => !present.some((field) => field.tag === tag));
}

/** A warning before Save; undefined: none. */
export function planWarning(draft: Draft): string | undefined {
  const fresh = fieldsToCreate(draft).length;
  const after = answered(draft, 'mergeFields').length + fresh;
  if (fresh === 0 || !mayExceedPlan(after)) return undefined;
  return `The audience would have ${after} merge fields. Only Mailchimp's Premium plan allows more than 30.`;
}
