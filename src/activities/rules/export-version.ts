import { createHash } from 'node:crypto';
import type { Configuration, SignupMatch } from '../../contract/destination';
import type { FieldMatch } from '../../contract/merge-field';
import { VERSION } from '../../contract/version';

/** What decides what an export sends, besides what is at Mailchimp already. */
export interface Exported {
  readonly source: {
    /** As the worker configuration names it. */
    readonly name: string;
    /** See `sourceVersion`. */
    readonly version: string;
  };
  readonly statusIfNew: string;
  readonly configuration: Pick<
    Configuration,
    'email' | 'strict' | 'optedOut' | 'latest' | 'latestFormat' | 'leavers' | 'rejects'
  > & {
    readonly otherEmails?: readonly string[] | undefined;
    readonly addOnlyIf?: string | undefined;
    readonly signup?: SignupMatch | undefined;
    readonly fields: readonly FieldMatch[];
    readonly segments: readonly { readonly segment: string; readonly tag: string }[];
  };
}

/**
 * An export of the same version as the last complete one finds nothing to do. Without what Mailchimp may change beside us, such as the
 * name of a merge field; with the version of this package, since a later one may plan otherwise.
 */
export function exportVersion({ source, statusIfNew, configuration }: Exported): string {
  const {
    email,
    otherEmails,
    addOnlyIf,
    signup,
    fields,
    strict,
    optedOut,
    latest,
    latestFormat = null,
    segments,
    leavers = 'untag',
    rejects,
  } = configuration;
  const parts = [
    VERSION,
    source.name,
    source.version,
    statusIfNew,
    email,
    fields
      .map(({ attribute, address, field, empty, format = null, decimal = null }) => [
        field.tag,
        field.type,
        attribute,
        empty,
        format,
        decimal,
        ...(address ? [address] : []),
      ])
      .toSorted(byFirst),
    strict,
    optedOut,
    latest,
    latestFormat,
    segments.map(({ segment, tag }) => [segment, tag]).toSorted(byFirst),
    // Absent where nothing of it is matched, so that the version of others stays.
    ...(otherEmails || addOnlyIf !== undefined || signup ? [{ otherEmails, addOnlyIf, signup }] : []),
    // Without a word about the default: versions of earlier exports stay as they are.
    ...(leavers === 'untag' ? [] : [leavers]),
    ...(rejects ? [Object.entries(rejects).toSorted(byFirst)] : []),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** The order in a configuration changes nothing. */
function byFirst(one: readonly unknown[], other: readonly unknown[]): number {
  return String(one[0]) < String(other[0]) ? -1 : 1;
}
