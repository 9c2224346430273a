import type { RowClass, WithheldClass } from '../contract/row-class';

/** What each reason of a refusal means, as a report explains it. */
const MEANING: Readonly<Record<RowClass | WithheldClass | 'other', string>> = {
  fake: 'Mailchimp takes the address for invented',
  address_blank: 'Mailchimp found no address',
  address_invalid: 'Mailchimp does not take it for an address',
  merge_field: 'a value does not fit its merge field at Mailchimp; tried again after 7 days',
  sms: 'Mailchimp refuses the phone number',
  schema: 'Mailchimp refuses the form of the contact',
  exists: 'another contact of the audience has the address',
  plan_limit: 'the Mailchimp account has no room for more contacts',
  server_error: 'an error at Mailchimp; sent again by the next export',
  unknown: 'a reason that is not known yet; sent again by the next export',
  compliance: 'the contact has unsubscribed, or complained; only the contact can return',
  forgotten: 'the contact was permanently deleted; only the contact can return',
  cleaned: 'mail to the address has bounced',
  too_many_signups: 'the address has signed up to too many lists lately; sent again later',
  no_answer: 'no answer arrived; sent again by the next export',
  unreadable: 'the answer could not be read; sent again by the next export',
  chunk_refused: 'Mailchimp refused the whole request; sent again by the next export',
  chunk_failed: 'the whole request failed at Mailchimp; sent again by the next export',
  untag_refused: 'Mailchimp did not confirm that a tag was removed',
  differs: 'Mailchimp returned another contact than was sent',
  not_read_back: 'the contact could not be read back',
  resubscribed: 'a contact that had opted out, or was archived, receives campaigns again',
  archived: 'archived in the audience, so nothing was sent',
  opted_out: 'opted out in the audience, so nothing was sent',
  opted_out_elsewhere: 'the same person opted out at another address, so nothing was sent',
  suppression_list: 'on the suppression list, so nothing was sent',
  not_allowed: 'new, and the source does not say that it may be added',
  other: 'less frequent refusals, added up',
};

/** Empty for a class that this version does not know. */
export function meaningOfClass(name: string): string {
  return Object.hasOwn(MEANING, name) ? MEANING[name as keyof typeof MEANING] : '';
}
