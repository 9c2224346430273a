import type { Config } from '../../config/config';
import type { ConfigureRequest, FieldSettings } from '../../contract/destination';
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

const STANDARD_TAGS = new Set(STANDARD_FIELDS.map(({ tag }) => tag));

/** The audiences of the configuration file, without members, with the groups and merge fields that it matches: text, unless they have parts of an address, a date format or a decimal mark. None: a sandbox makes one by itself. */
export function audiencesOf({ destinations }: Config): AudienceSeed[] {
  const audiences = new Map<string, AudienceSeed>();
  for (const { connect, configure } of Object.values(destinations)) {
    const known = audiences.get(connect.audienceId);
    const fields = new Map((known?.mergeFields ?? STANDARD_FIELDS).map((field) => [field.tag, field]));
    for (const [tag, settings] of Object.entries(configure?.fields ?? {})) {
      const type = typeFor(settings);
      // Another destination of the audience may match the field with a date format or a decimal mark.
      if (!fields.has(tag) || (type !== 'text' && !STANDARD_TAGS.has(tag)))
        fields.set(tag, { tag, name: tag, type });
    }
    const mergeFields = [...fields.values()];
    const groups = groupsOf(known?.groups, configure?.groups);
    audiences.set(connect.audienceId, { id: connect.audienceId, name: connect.name, mergeFields, ...groups });
  }
  return [...audiences.values()];
}

/** Those of earlier destinations of the audience, and those that are named "Category/Group". */
function groupsOf(
  known: AudienceSeed['groups'],
  configured: ConfigureRequest['groups'],
): Pick<AudienceSeed, 'groups'> {
  const groups = new Map(Object.entries(known ?? {}));
  for (const name of Object.keys(configured ?? {})) {
    const [category = '', ...rest] = name.split('/');
    const names = groups.get(category) ?? [];
    if (rest.length > 0) groups.set(category, [...new Set([...names, rest.join('/')])]);
  }
  return groups.size === 0 ? {} : { groups: Object.fromEntries(groups) };
}

/** The type of merge field that can be filled: a date format or a decimal mark is refused for text. */
function typeFor(settings: string | FieldSettings): MergeFieldSeed['type'] {
  if (typeof settings === 'string') return 'text';
  if (settings.address !== undefined) return 'address';
  if (settings.decimal !== undefined) return 'number';
  if (settings.format === undefined) return 'text';
  return settings.format === 'DD/MM' ? 'birthday' : 'date';
}

/** `1a2b3c4d5e  Newsletter, 59 members` */
export function describeAudience({ id, name, members }: AudienceState): string {
  return `${id}  ${name}, ${countOf(members, 'member')}`;
}
