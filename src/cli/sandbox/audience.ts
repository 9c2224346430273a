import type { Config } from '../../config/config';
import type { AudienceSeed, AudienceState, MergeFieldSeed } from '../../sandbox';
import { countOf } from '../../text/format';

/** The audience of a sandbox that no file and no option gives another one. */
export const DEFAULT_AUDIENCE_ID = '1a2b3c4d5e';

/** The merge fields of a new Mailchimp audience. */
const STANDARD_FIELDS: readonly MergeFieldSeed[] = [
  { tag: 'FNAME', name: 'First Name', type: 'text' },
  { tag: 'LNAME', name: 'Last Name', type: 'text' },
  { tag: 'ADDRESS', name: 'Address', type: 'address' },
  { tag: 'PHONE', name: 'Phone Number', type: 'phone' },
];

/** The audiences of the configuration file, without members, with the merge fields that it matches. None: a sandbox makes one by itself. */
export function audiencesOf({ destinations }: Config): AudienceSeed[] {
  const audiences = new Map<string, AudienceSeed>();
  for (const { connect, configure } of Object.values(destinations)) {
    const known = audiences.get(connect.audienceId);
    const mergeFields = [...(known?.mergeFields ?? STANDARD_FIELDS)];
    for (const tag of Object.keys(configure?.fields ?? {})) {
      if (!mergeFields.some((field) => field.tag === tag)) mergeFields.push({ tag, name: tag, type: 'text' });
    }
    audiences.set(connect.audienceId, { id: connect.audienceId, name: connect.name, mergeFields });
  }
  return [...audiences.values()];
}

/** `1a2b3c4d5e  Newsletter, 59 members` */
export function describeAudience({ id, name, members }: AudienceState): string {
  return `${id}  ${name}, ${countOf(members, 'member')}`;
}
