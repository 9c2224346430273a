import type { RowResult } from '../contract/plan';

export interface RowErrorClass {
  readonly result: Extract<RowResult['result'], 'suppressed' | 'throttled' | 'rejected'>;
  /** Closed: one of the classes below, or `unknown`. */
  readonly class: string;
}

type Line = readonly [text: RegExp, result: RowErrorClass['result'], name: string];

/**
 * Mailchimp's replies know two error codes for a row, one of which says "generic"; so the text decides. First match wins.
 * Texts: recordings and reports of users, since Mailchimp documents none.
 */
const TABLE: readonly Line[] = [
  [/has signed up to a lot of lists|too many recent signup requests/i, 'throttled', 'too_many_signups'],
  [/permanently deleted|forgotten email/i, 'suppressed', 'forgotten'],
  [/compliance state/i, 'suppressed', 'compliance'],
  [/status is "?cleaned/i, 'suppressed', 'cleaned'],
  [/looks fake or invalid/i, 'rejected', 'fake'],
  [/blank email address/i, 'rejected', 'address_blank'],
  [/valid email address|email address is invalid|invalid email/i, 'rejected', 'address_invalid'],
  [
    /merge fields? (?:were|was|is|are) invalid|please enter (?:a|an) |value must be one of/i,
    'rejected',
    'merge_field',
  ],
  [/already a list member/i, 'rejected', 'exists'],
  [/already subscribed to another contact|contact_sms_subscription|phone number cannot/i, 'rejected', 'sms'],
  [
    /could not be validated|schema describes|required fields were not provided|did not match any of the schemas/i,
    'rejected',
    'schema',
  ],
  // Nobody has reported the text for a full account.
  [/\b(?:contact limit|plan|upgrade)\b/i, 'rejected', 'plan_limit'],
];

/** What Mailchimp's text about one row means. `unknown` texts are rejected, and shown to the operator as they are. */
export function classifyRowError(text: string, code?: string): RowErrorClass {
  for (const [pattern, result, name] of TABLE) {
    if (pattern.test(text)) return { result, class: name };
  }
  if (code === 'ERROR_CONTACT_EXISTS') return { result: 'rejected', class: 'exists' };
  return { result: 'rejected', class: 'unknown' };
}
