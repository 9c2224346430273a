/**
 * How a contact can differ from what an export has left:
 * - `missing`: not in the audience: deleted.
 * - `archived`, `opted_out`: since an export has seen its status.
 * - `field_changed`: a merge field, a group or the language has another value than the one that was sent.
 * - `tag_removed`: lacks a tag that an export has added.
 * - `tag_added`: carries a tag of this destination that no export has given to it.
 */
export const DRIFT_CLASSES = [
  'missing',
  'archived',
  'opted_out',
  'field_changed',
  'tag_removed',
  'tag_added',
] as const;
/** How a contact differs from what an export has left. @useDeclaredType */
export type DriftClass = (typeof DRIFT_CLASSES)[number];

/** What is ours, of a contact that may be written: sent again by a repair. No other class is, so that none wakes a person who has left. */
export const REPAIRED_CLASSES: readonly DriftClass[] = ['field_changed', 'tag_removed'];

/** What a verification has found, in counts. The store has the rows. Of a sample, the counts of the whole baseline are 0. */
export interface Verification {
  /** The export whose baseline the audience was compared with; null: none has been settled yet. */
  readonly baseline: string | null;
  /** Contacts that were compared: what was sent for them is proven. */
  readonly compared: number;
  /** Of these and of other members, how many differ, each read again alone. A contact may differ in several ways. */
  readonly differing: number;
  readonly drift: Readonly<Record<DriftClass, number>>;
  /** Contacts of the baseline that are in the audience now, and those that are not. */
  readonly inAudience: number;
  readonly gone: number;
  /** Of those in the audience: unsubscribed or cleaned. */
  readonly optedOut: number;
  /** Contacts that seemed to differ when the audience was read page by page. */
  readonly suspects: number;
  /** Of these, not read again, since there were too many: they are not counted as differing. */
  readonly unread: number;
  /** Contacts with a value that could not be compared, since the rows of the export that sent it are no longer kept. */
  readonly notComparable: number;
  /** Contacts that had a tag which was deleted in Mailchimp since. The next export creates it again. */
  readonly deletedTags: number;
  /** Contacts that the next export sends again. 0 where no repair was asked for. */
  readonly repaired: number;
}

export function noDrift(): Record<DriftClass, number> {
  return Object.fromEntries(DRIFT_CLASSES.map((name) => [name, 0])) as Record<DriftClass, number>;
}

/** The verification of a destination without a baseline. */
export function nothingVerified(): Verification {
  return {
    baseline: null,
    compared: 0,
    differing: 0,
    drift: noDrift(),
    inAudience: 0,
    gone: 0,
    optedOut: 0,
    suspects: 0,
    unread: 0,
    notComparable: 0,
    deletedTags: 0,
    repaired: 0,
  };
}
