import { isProtectedStatus } from './outcome';
import type { UpsertRow } from './plan';

/** What Mailchimp shows of a contact after a write. */
export interface Seen {
  readonly status: string;
  /** Counted as new by the reply. */
  readonly isNew: boolean;
  /** The status that new contacts should get. */
  readonly statusIfNew: string;
}

/** What the contact was: from the archive, others can put it back. */
export function wasBefore({ status, known }: Pick<UpsertRow, 'status' | 'known'>): string {
  if (status !== null && isProtectedStatus(status)) return `was ${status}`;
  // Of the members that it knew, Mailchimp counts only those as new that come back from the archive.
  return known ? 'was archived' : 'was not in the audience';
}

/**
 * A change towards subscribed that the export did not request: out of an opt-out; out of the archive, whose members Mailchimp counts as
 * new when they come back; or a new contact that is subscribed at once although another status was requested. Contacts that confirm or
 * sign up during the export do not count: they were not opted out before, and are not new.
 */
export function isResubscribed(
  row: Pick<UpsertRow, 'status' | 'known' | 'isReturning'>,
  { status, isNew, statusIfNew }: Seen,
): boolean {
  if (isProtectedStatus(status)) return false;
  // We archived it ourselves, so it is to come back, with the status of a new contact.
  if (row.isReturning) return status === 'subscribed' && status !== statusIfNew;
  if (isNew && (row.known || (status === 'subscribed' && status !== statusIfNew))) return true;
  return row.status !== null && isProtectedStatus(row.status);
}
