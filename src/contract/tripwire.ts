import { isProtectedStatus } from './outcome';
import type { UpsertRow } from './plan';

/** What Mailchimp shows of somebody after a write. */
export interface Seen {
  readonly status: string;
  /** Counted as new by the reply. */
  readonly isNew: boolean;
  /** What new people were to become. */
  readonly statusIfNew: string;
}

/**
 * A move towards subscribed that we did not ask for: out of an opt-out, or out of the archive, whose members Mailchimp counts as new
 * when they come back; or somebody new who is subscribed at once instead of what was asked for. Who has confirmed or signed up
 * meanwhile was not opted out before, and is not new.
 */
export function isResubscribed(
  row: Pick<UpsertRow, 'status' | 'known'>,
  { status, isNew, statusIfNew }: Seen,
): boolean {
  if (isProtectedStatus(status)) return false;
  if (isNew && (row.known || (status === 'subscribed' && status !== statusIfNew))) return true;
  return row.status !== null && isProtectedStatus(row.status);
}
