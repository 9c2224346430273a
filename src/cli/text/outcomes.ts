import type { Outcome } from '../../contract/outcome';

/** Outcomes that `export failures` lists. */
export const NOT_EXPORTED_OUTCOMES = [
  'invalid',
  'duplicate',
  'suppressed',
  'throttled',
  'rejected',
  'unproven',
  'not_sent',
] as const satisfies readonly Outcome[];

export const INVALID_MEANING: Readonly<Record<string, string>> = {
  email_missing: 'no address',
  email_malformed: 'not an e-mail address',
  email_non_ascii_local_part: 'letters before the @ that Mailchimp does not take',
  email_two_addresses: 'more than one address',
  email_too_long: 'the address is too long',
  required_field_empty: 'a merge field that the audience requires is empty',
  value_does_not_fit: 'a value does not fit its merge field',
};
