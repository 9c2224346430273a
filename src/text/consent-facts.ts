import type { Audience } from '../contract/destination';

/** What `status_if_new` means for the consent of people who are new to the audience. */
export interface ConsentFact {
  /** `warning`: it is not what the audience's own forms do. */
  readonly kind: 'note' | 'warning';
  readonly code: 'CONFIRMATION_MAIL' | 'NO_CONFIRMATION_MAIL' | 'SKIPS_CONFIRMATION';
  readonly message: string;
}

export function consentFacts(statusIfNew: string, { doubleOptin }: Audience): readonly ConsentFact[] {
  if (statusIfNew === 'pending') {
    return [
      {
        kind: 'note',
        code: 'CONFIRMATION_MAIL',
        message:
          'Mailchimp sends every new contact a confirmation mail; they get campaigns when they have confirmed.',
      },
    ];
  }
  if (statusIfNew === 'subscribed' && doubleOptin) {
    return [
      {
        kind: 'warning',
        code: 'SKIPS_CONFIRMATION',
        message:
          'The audience has double opt-in: its own forms ask people to confirm. Status if new "subscribed" skips that: new contacts get ' +
          'campaigns without having confirmed. With "pending", Mailchimp sends every new contact a confirmation mail.',
      },
    ];
  }
  return [
    {
      kind: 'note',
      code: 'NO_CONFIRMATION_MAIL',
      message:
        'Nobody is asked to confirm. with status if new "pending", Mailchimp would send every new contact a confirmation mail.',
    },
  ];
}
