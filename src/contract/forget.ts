import { z } from 'zod';

/** What becomes of a contact at Mailchimp when a person is forgotten. */
export const AT_MAILCHIMP = ['keep', 'untag', 'delete'] as const;
/**
 * `keep`: nothing is sent. `untag`: our tags are taken off. `delete`: the contact is permanently deleted, and cannot be imported again. @useDeclaredType
 */
export type AtMailchimp = (typeof AT_MAILCHIMP)[number];

/** Of a job that forgets a person: the request in the store that names the person, since nothing of a person reaches Temporal. */
export const ForgetSchema = z.strictObject({
  requestId: z.uuid().describe('The id of the request in the store.'),
});
export type Forget = z.output<typeof ForgetSchema>;

/** What a job that forgets a person has done, in counts. */
export interface ForgetCounts {
  /** Contacts of the baseline. */
  readonly contacts: number;
  readonly rows: number;
  readonly files: number;
  readonly isKeptOut: boolean;
  /** Contacts that lost our tags, or were permanently deleted, at Mailchimp. */
  readonly atMailchimp: number;
}
