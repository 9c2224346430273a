import { NewMergeFieldSchema, CREATED_TYPES, type NewMergeField } from '../../contract/new-merge-field';
import { tryParse } from '../../contract/parse';
import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';

/** `FNAME=FirstName`. */
export function parseFieldFlag(
  { usageError }: Pick<Invocation, 'usageError'>,
  text: string,
): readonly [tag: string, attribute: string] {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  return usageError(`--field takes TAG=ATTRIBUTE, for example FNAME=FirstName, not "${text}"`);
}

/** `BORN=birthday:Birthday`; without a name, the tag is the name. @throws ExportError INPUT_INVALID */
export function parseCreatedField(text: string): NewMergeField {
  const [, tag = '', type = '', name = tag] = /^([^=]*)=([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const field = tryParse(NewMergeFieldSchema, { tag, type, name });
  if (field.success) return field.data;
  const why = field.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new ExportError(
    'INPUT_INVALID',
    `--create-field takes TAG=TYPE:NAME, for example BORN=birthday:Birthday, not "${text}" (${why}). Types: ${CREATED_TYPES.join(', ')}.`,
  );
}

/** `vip=VIP customers`, or `vip`: then the tag has the name of the segment. */
export function parseSegmentFlag(text: string): readonly [segment: string, tag: string | null] {
  const at = text.indexOf('=');
  return at < 1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}
