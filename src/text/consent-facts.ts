import type { Audience } from '../contract/destination';
import type { ConsentFact } from '../contract/destination-view';
import type { StatusIfNew } from '../contract/outcome';

/** What each `status_if_new` does with contacts that are new to the audience. */
export const STATUS_IF_NEW_MEANING: Readonly<Record<string, string>> = {
  subscribed: 'contacts new to the audience are subscribed immediately',
  pending: 'Mailchimp sends each new contact a confirmation mail; a contact is subscribed after confirming',
  unsubscribed: 'contacts new to the audience are stored as unsubscribed and receive no campaigns',
  transactional: 'contacts new to the audience are stored as transactional and receive no campaigns',
} satisfies Record<StatusIfNew, string>;

export function consentFacts(statusIfNew: string, { doubleOptin }: Audience): readonly ConsentFact[] {
  if (statusIfNew === 'pending') {
    return [
      {
        kind: 'note',
        code: 'CONFIRMATION_MAIL',
        message:
          'Mailchimp sends every new contact a confirmation mail. A contact receives campaigns after confirming.',
      },
    ];
  }
  if (statusIfNew === 'subscribed' && doubleOptin) {
    return [
      {
        kind: 'warning',
        code: 'SKIPS_CONFIRMATION',
        message:
          'The audience has double opt-in: its own forms ask new contacts to confirm. Status if new "subscribed" skips that: new ' +
          'contacts receive campaigns without confirming. With "pending", Mailchimp sends every new contact a confirmation mail.',
      },
    ];
  }
  return [
    {
      kind: 'note',
      code: 'NO_CONFIRMATION_MAIL',
      message:
        'New contacts are not asked to confirm. With status if new "pending", Mailchimp would send every new contact a confirmation mail.',
    },
  ];
}
