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
  /** Contacts of the person that a baseline had, also an earlier one. */
  readonly contacts: number;
  /** Rows of the person, in all files of the store. */
  readonly rows: number;
  /** Files that named the person, also in a row of another one. */
  readonly files: number;
  /** Whether later exports of the store withhold the person, by a keyed hash of the address. */
  readonly isKeptOut: boolean;
  /** Contacts that lost our tags, or were permanently deleted, at Mailchimp. */
  readonly atMailchimp: number;
  /**
   * Batches and requests of earlier exports that may still be running at Mailchimp, since it could not be asked, or did not delete them within
   * minutes: they may send the person again.
   */
  readonly openWrites: number;
  /**
   * Earlier exports that were lost before they were settled, and whose rows are no longer in the store: what they have sent to the person, and to others,
   * is not known, and no later export takes it off. Undefined: none.
   */
  readonly givenUp?: number;
  /** The current baseline without the person. Undefined: there is none. */
  readonly baseline?: BaselineRest;
}

/** Contacts of a baseline that carry a tag of ours, in counts. */
export interface BaselineRest {
  /** The export that has left it. */
  readonly exportId: string;
  /** In the audience or not. */
  readonly carrying: number;
  /** Of these, those that are known not to be in the audience. Undefined: version 0.3.0 wrote the baseline, which did not keep them. */
  readonly gone?: number;
  /** Of these, unsubscribed or cleaned, as a verification has found them. 0 where there was none since. */
  readonly optedOut?: number;
}
