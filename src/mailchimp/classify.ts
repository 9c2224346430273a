import { isPlanLimit } from './plan-limit';
import { classified, type ClassifiedRow, type RowClass } from '../contract/row-class';

/**
 * What Mailchimp's text about a row means; the first match wins. The text decides, because Mailchimp has only two error codes for a row,
 * and one of them is ERROR_GENERIC. Mailchimp documents none of the texts: they come from recorded replies and from reports of users.
 */
const CLASS_BY_TEXT: readonly (readonly [text: RegExp, name: RowClass])[] = [
  [/has signed up to a lot of lists|too many recent signup requests/i, 'too_many_signups'],
  [/permanently deleted|forgotten email/i, 'forgotten'],
  [/compliance state/i, 'compliance'],
  [/status is "?cleaned/i, 'cleaned'],
  [/looks fake or invalid/i, 'fake'],
  [/blank email address/i, 'address_blank'],
  [/valid email address|email address is invalid|invalid email/i, 'address_invalid'],
  [/merge fields? (?:were|was|is|are) invalid|please enter (?:a|an) |value must be one of/i, 'merge_field'],
  [/already a list member/i, 'exists'],
  [/already subscribed to another contact|contact_sms_subscription|phone number cannot/i, 'sms'],
  [
    /could not be validated|schema describes|required fields were not provided|did not match any of the schemas/i,
    'schema',
  ],
];

/** Class of a row that Mailchimp refused, by its text and error code. An unknown text is `unknown`: rejected, and reported as it is. */
export function classifyRowError(text: string, code?: string): ClassifiedRow {
  if (isPlanLimit(text)) return classified('plan_limit');
  const known = CLASS_BY_TEXT.find(([pattern]) => pattern.test(text));
  if (known) return classified(known[1]);
  return classified(code === 'ERROR_CONTACT_EXISTS' ? 'exists' : 'unknown');
}
