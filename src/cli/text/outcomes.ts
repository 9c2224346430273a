import type { MemberStatus, Outcome } from '../../contract/outcome';

/** What each outcome means, for people who read a report. */
export const OUTCOME_MEANING: Readonly<Record<Outcome, string>> = {
  created: 'new to the audience',
  updated: 'known, and something of ours changed',
  unchanged: 'known, and nothing of ours differs; nothing was sent',
  removed: 'left all segments, and lost our tags',
  invalid: 'not sent: the source has no usable address or value',
  duplicate: 'not sent: another profile with the same address was',
  suppressed: 'withheld, or refused by Mailchimp for good',
  throttled: 'refused by Mailchimp for now; tried again later',
  rejected: 'refused by Mailchimp',
  unproven: 'sent, but Mailchimp did not prove what became of it; sent again next time',
  not_sent: 'not sent: cancelled, or beyond --test',
};

/** Outcomes that `export rejects` lists. */
export const REJECT_OUTCOMES = [
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

export const REACH_MEANING: Readonly<Record<MemberStatus, string>> = {
  subscribed: 'get campaigns',
  pending: 'have not confirmed yet',
  transactional: 'get no campaigns',
  unsubscribed: 'opted out',
  cleaned: 'mail bounced',
  archived: 'archived',
};
