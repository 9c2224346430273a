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

/** @param proof where new contacts have proven their consent */
export function consentFacts(
  statusIfNew: string,
  audience: Audience,
  proof?: string,
): readonly ConsentFact[] {
  const facts = confirmationFacts(statusIfNew, audience, proof);
  return audience.marketingPermissions === true ? [...facts, WITHOUT_PERMISSIONS] : facts;
}

/** Mailchimp takes them one contact a request only, and a permission that a person gave is that person's to change. */
export const WITHOUT_PERMISSIONS: ConsentFact = {
  kind: 'warning',
  code: 'WITHOUT_MARKETING_PERMISSIONS',
  message:
    'The audience has marketing permissions (GDPR fields). An export sends none of them: contacts that it creates have given none, and those of ' +
    'others stay as they are. A campaign to people with a permission does not reach new contacts until they have given it in a form of the audience.',
};

function confirmationFacts(
  statusIfNew: string,
  { doubleOptin }: Audience,
  proof?: string,
): readonly ConsentFact[] {
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
  if (statusIfNew === 'subscribed' && doubleOptin && proof !== undefined) {
    return [
      {
        kind: 'note',
        code: 'CONFIRMATION_PROVEN',
        message: `New contacts are not asked to confirm, although the audience has double opt-in. Their consent was proven: ${proof}`,
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
          'contacts receive campaigns without confirming. With "pending", Mailchimp sends every new contact a confirmation mail. ' +
          'No proof of their consent is recorded: connect again with consentProof.',
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
