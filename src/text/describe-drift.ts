import { DRIFT_CLASSES, type DriftClass, type Verification } from '../contract/drift';
import { count, countOf } from './format';

// The wording of verifications, shared by the command line and the Web UI.

/** What each way to differ means. */
export const DRIFT_MEANING: Readonly<Record<DriftClass, string>> = {
  missing: 'no longer in the audience: deleted',
  archived: 'archived by others',
  opted_out: 'unsubscribed, or mail bounced, since an export has sent it',
  field_changed: 'a merge field, a group or the language has another value',
  tag_removed: 'lacks a tag that an export has added',
  tag_added: 'carries a tag of this destination that no export has given to it',
};

/** One line. */
export function describeVerified({ baseline, differing, compared }: Verification): string {
  if (baseline === null) return 'There was nothing to compare: nothing was exported yet.';
  return differing === 0
    ? `The audience is as exported: ${countOf(compared, 'contact')} compared, none differs.`
    : `${count(differing)} ${differing === 1 ? 'contact differs' : 'contacts differ'} from what was exported; ${count(compared)} compared.`;
}

/** Of contacts that were read back after an export; one line. */
export function describeSample(sample: Verification): string {
  const { compared, differing } = sample;
  return differing === 0
    ? `${countOf(compared, 'contact')} read back, none differs`
    : `${countOf(compared, 'contact')} read back, ${count(differing)} ${differing === 1 ? 'differs' : 'differ'}: ${describeDrift(sample)}`;
}

export function describeInAudience({ inAudience, gone, optedOut }: Verification): string {
  return `${count(inAudience)} in the audience, of which ${count(optedOut)} have opted out; ${count(gone)} archived or deleted`;
}

/** Those that are not 0; empty: none differs. */
export function describeDrift({ drift }: Verification): string {
  return DRIFT_CLASSES.filter((name) => drift[name] > 0)
    .map((name) => `${count(drift[name])} ${name}`)
    .join(', ');
}

/** What else a reader has to know; each a sentence. */
export function verificationNotes({
  unread,
  notComparable,
  deletedTags,
  repaired,
}: Verification): readonly string[] {
  return [
    ...(repaired > 0 ? [`The next export sends ${countOf(repaired, 'contact')} again.`] : []),
    ...(unread > 0
      ? [
          `${countOf(unread, 'further contact')} seemed to differ and ${unread === 1 ? 'was' : 'were'} not read again, since there are too many: not counted here.`,
        ]
      : []),
    ...(notComparable > 0
      ? [
          `Of ${countOf(notComparable, 'contact')}, a value could not be compared, since the values that were sent are no longer in the store.`,
        ]
      : []),
    ...(deletedTags > 0
      ? [
          `${countOf(deletedTags, 'contact')} had a tag that was deleted in Mailchimp: the next export creates it again.`,
        ]
      : []),
  ];
}
