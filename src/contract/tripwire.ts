import { isOptedOut } from './outcome';
import type { UpsertRow } from './plan';

/** Class of an acknowledged row that trips the wire: who had opted out, or was archived, is reached again. */
export const RESUBSCRIBED = 'resubscribed';

/** What Mailchimp shows of somebody after a write. */
export interface Seen {
  readonly status: string;
  /** Counted as new by the reply. */
  readonly isNew: boolean;
}

/**
 * A move towards subscribed that we did not ask for: out of an opt-out, or out of the archive, whose members Mailchimp counts as new
 * when they come back. Who has confirmed or signed up meanwhile was not opted out before.
 */
export function isResubscribed(row: Pick<UpsertRow, 'status' | 'known'>, { status, isNew }: Seen): boolean {
  if (isOptedOut(status)) return false;
  return (row.status !== null && isOptedOut(row.status)) || (isNew && row.known);
}
