import { instant } from '../../text/format';
import type { KnownIn, KnownNext } from '../person/show';

type Next = KnownNext['contacts'][number];

/** What the next export would do, and by which profiles and settings: a source is not read for one person. */
export function describeNext(known: KnownIn): [string, string][] {
  const { next, withdrawnAt, suppressions, problems } = known;
  const stopped =
    withdrawnAt === null ? '' : `none starts: the consent was withdrawn ${instant(withdrawnAt)}`;
  if (!next)
    return [
      [
        'Next export',
        stopped ||
          (problems.length > 0
            ? 'not known'
            : 'not known: no export whose rows are kept has read the profiles'),
      ],
    ];
  const by =
    `as of the profiles and settings that export ${next.number} has read (${instant(next.startedAt)}), and of the lists now` +
    (stopped === '' ? '' : `\n${stopped}; otherwise:`);
  if (next.contacts.length === 0)
    return [
      [
        'Next export',
        suppressions.length > 0
          ? `nothing, even if a profile has the address: ${listsOf(suppressions)}`
          : `nothing: no profile of this person was selected\n${by}`,
      ],
    ];
  return [
    ['Next export', by],
    ...next.contacts.map((contact): [string, string] => [
      contact.key,
      [contact.email, ...sentences(contact, known)].join('\n'),
    ]),
  ];
}

function sentences(contact: Next, { contacts, suppressions, mailchimp }: KnownIn): string[] {
  const { change, outcome, reason, signup, mayAdd } = contact;
  const evidence = signup && (signup.ip !== null || signup.at !== null);
  const known = contacts.find(({ email }) => email === contact.email);
  return [
    ...(outcome === null ? [] : [describeOutcome(contact, { known, suppressions })]),
    ...(change === null ? [] : [describeChange(contact, mailchimp !== undefined)]),
    ...(change === 'create' && signup
      ? [`Evidence of the signup: ${evidence ? describeSignup(signup) : 'the profile has none'}`]
      : []),
    ...(mayAdd === null || reason === 'not_allowed'
      ? []
      : [
          mayAdd
            ? 'The source says that it may be added'
            : 'The source does not say that it may be added: only as long as the audience has it, it is updated',
        ]),
  ];
}

export function describeSignup({ ip, at }: NonNullable<Next['signup']>): string {
  const parts = [ip === null ? '' : `from ${ip}`, at === null ? '' : `at ${instant(at)}`];
  return parts.filter((part) => part !== '').join(', ');
}

interface Facts extends Pick<KnownIn, 'suppressions'> {
  readonly known: KnownIn['contacts'][number] | undefined;
}

const WITHHELD: Readonly<Record<string, string>> = {
  archived: 'it is archived in Mailchimp',
  opted_out: 'it has opted out, and optedOut is skip',
  opted_out_elsewhere: 'another address of the same profile has opted out',
  not_allowed: 'it is new to the audience, and the source does not say that it may be added',
};

function describeOutcome(
  { outcome, reason, text, since, tags }: Next,
  { known, suppressions }: Facts,
): string {
  if (outcome === 'unchanged')
    return tags.length > 0
      ? 'Nothing is sent: fields and tags are those of the last export'
      : 'Nothing is sent: it is in no segment, and keeps its tags';
  if (outcome === 'removed') return 'Nothing is sent: it is in no segment, and has no tag of ours';
  if (outcome === 'invalid') return `Not sent: the profile breaks the rule ${reason}`;
  if (outcome === 'duplicate') return `Not sent: the profile ${reason} has the same address, and is sent`;
  if (reason === 'suppression_list') return `Withheld: ${listsOf(suppressions)}`;
  if (WITHHELD[reason] !== undefined) return `Withheld: ${WITHHELD[reason]}`;
  const { retryAt } = known?.refusal ?? { retryAt: null };
  const until = retryAt === null ? 'until it changes' : `until ${instant(retryAt)}`;
  const refused = since === null ? '' : ` ${instant(since)}`;
  return `Not sent ${until}: Mailchimp refused it${refused}, ${reason}${text === '' ? '' : `: ${text}`}`;
}

function listsOf(suppressions: KnownIn['suppressions']): string {
  const isKeptOut = suppressions.some(({ kind }) => kind === 'keyed' || kind === 'deleted');
  const isListed = suppressions.some(({ kind }) => kind !== 'keyed' && kind !== 'deleted');
  if (isKeptOut && !isListed) return 'it is kept out, since the person was forgotten';
  return `it is on a suppression list${isKeptOut ? ', and kept out' : ''}`;
}

function describeChange({ change, notArchived, ...contact }: Next, isAsked: boolean): string {
  const { added, removed, fields, isExposed } = contact;
  const tagged = added.length > 0 ? [`tags added: ${added.join(', ')}`] : [];
  const untagged = removed.length > 0 ? [`tags taken off: ${removed.join(', ')}`] : [];
  const filled = fields.length > 0 ? [`fields that differ: ${fields.join(', ')}`] : [];
  const all = [...tagged, ...untagged, ...filled].join('; ');
  if (change === 'create') return `Added to the audience; ${all || 'no tags, no fields'}`;
  if (change === 'untag') return `Untagged; ${all}`;
  if (change === 'update')
    return isExposed
      ? `Sent again in full, since Mailchimp may have other fields or tags${filled.length > 0 ? `; ${filled.join()}` : ''}`
      : `Sent; ${all || 'with a field that is new to the export'}`;
  if (notArchived !== undefined) return `Not archived (${notArchived})${all === '' ? '' : `; ${all}`}`;
  const condition = isAsked ? '' : ', if Mailchimp, asked just before, has no reason against it';
  return `Archived${condition}${all === '' ? '' : `; ${all}`}`;
}
