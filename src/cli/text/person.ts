import type { KnownContact } from '../../ports/staging';
import { instant } from '../../text/format';
import type { Agreement, KnownIn } from '../person/show';
import type { Page } from './page';
import { describeNext, describeSignup } from './person-next';
import { pairs, table } from './table';
import { toned } from './page';

export function describePerson(named: string, destinations: readonly KnownIn[], page: Page): string {
  if (destinations.length === 0)
    return 'There is no destination. Connect one: temporal-mailchimp destination connect NAME';
  const [known, unknown] = [true, false].map((wanted) =>
    destinations.filter((one) => isKnown(one) === wanted),
  ) as [KnownIn[], KnownIn[]];
  const parts = known.map((one) => describeIn(one, page));
  if (unknown.length > 0)
    parts.push(
      `Nothing is known of ${named} in: ${unknown.map(({ destinationId }) => destinationId).join(', ')}.`,
    );
  return parts.join('\n\n');
}

function isKnown({ contacts, outcomes, suppressions, mailchimp = [], problems }: KnownIn): boolean {
  return (
    contacts.length + outcomes.length + suppressions.length + problems.length > 0 ||
    mailchimp.some(({ member }) => member !== null)
  );
}

function describeIn(known: KnownIn, page: Page): string {
  const { destinationId, audience, contacts, outcomes, suppressions, mailchimp = [], problems } = known;
  return [
    toned(page, 'heading', `${destinationId}: ${audience}`),
    ...contacts.map((contact) => pairs(contactPairs(contact), page)),
    ...suppressions.map(({ since, by, reason }) =>
      toned(
        page,
        'warning',
        `On the suppression list since ${instant(since)}, by ${by}${reason === '' ? '' : `: ${reason}`}`,
      ),
    ),
    ...(outcomes.length === 0
      ? ['No export whose rows are kept had this person.']
      : [
          table(
            ['EXPORT', 'STARTED', 'KEY', 'EMAIL', 'OUTCOME', 'REASON', 'TEXT'],
            outcomes.map(({ number, startedAt, key, email, outcome, reason, text }) => [
              String(number),
              instant(startedAt),
              key,
              email,
              outcome,
              reason,
              text,
            ]),
            page,
          ),
          pairs(consentPairs(outcomes), page),
        ]),
    pairs(describeNext(known), page),
    ...mailchimp.map(({ email, member }) =>
      pairs(
        member
          ? [
              ['In Mailchimp now', email],
              ['Status', member.status],
              ['Tags', member.tags.map(({ name }) => name).join(', ') || 'none'],
              ['Fields', fieldsOf(member.fields)],
              ['Signup', signupOf(member.signup)],
              [
                'Last changed',
                member.lastChangedAt === ''
                  ? 'not known'
                  : instant(new Date(member.lastChangedAt).toISOString()),
              ],
            ]
          : [['In Mailchimp now', `${email} is not in the audience`]],
        page,
      ),
    ),
    ...problems.map(({ code, message }) => toned(page, 'bad', `${code}: ${message}`)),
  ].join('\n\n');
}

const STATES: Readonly<Record<KnownContact['state'], string>> = {
  proven: 'Mailchimp has acknowledged what was sent',
  exposed: 'sent, without proof that it has arrived: the next export sends it again',
  withheld: 'never sent',
};

function contactPairs(contact: KnownContact): [string, string][] {
  const { email, keys, state, status, statusBefore, tags, fields, refusal } = contact;
  return [
    ['Address', email],
    ['Profiles', keys.join(', ')],
    ['State', STATES[state]],
    ['Before the first export', statusBefore ?? 'not in the audience'],
    ['Status as last seen', status ?? 'none'],
    ['Tags of ours', tags.join(', ') || 'none'],
    ['Fields of ours', fields.join(', ') || 'none'],
    ...(refusal ? [['Refused', describeRefusal(refusal)] as [string, string]] : []),
  ];
}

function describeRefusal({
  class: name,
  text,
  since,
  retryAt,
  isLifted,
}: NonNullable<KnownContact['refusal']>): string {
  const again = isLifted
    ? 'sent again by the next export'
    : retryAt === null
      ? 'sent again when it changes'
      : `sent again from ${instant(retryAt)}, or when it changes`;
  return `${name}, ${instant(since)}${text === '' ? '' : `: ${text}`}; ${again}`;
}

/** Under which statements of consent the exports were made, and the evidence of a signup that they have sent. */
function consentPairs(outcomes: KnownIn['outcomes']): [string, string][] {
  const numbersOf = new Map<string, Set<number>>();
  for (const { consent, number } of outcomes) {
    const words = consent === null ? 'not in the store' : describeAgreement(consent);
    numbersOf.set(words, (numbersOf.get(words) ?? new Set()).add(number));
  }
  return [
    ...[...numbersOf].map(([words, numbers]): [string, string] => [
      'Consent',
      `${words} (${numbers.size === 1 ? 'export' : 'exports'} ${[...numbers].toReversed().join(', ')})`,
    ]),
    ...outcomes.flatMap(({ signup, number, email }): [string, string][] =>
      signup && (signup.ip !== null || signup.at !== null)
        ? [['Evidence of the signup', `${describeSignup(signup)}; sent with ${email} (export ${number})`]]
        : [],
    ),
  ];
}

function describeAgreement({ by, at, textVersion, statusIfNew, proof }: Agreement): string {
  const proven = proof === null ? '' : `\nProof of consent: ${proof}`;
  return `${by} agreed ${instant(at)} to version ${textVersion} of the statement, with new contacts as "${statusIfNew}"${proven}`;
}

function signupOf({ ip, at }: { readonly ip: string; readonly at: string }): string {
  return [ip, at].filter((value) => value !== '').join(', ') || 'no evidence';
}

function fieldsOf(fields: Readonly<Record<string, unknown>>): string {
  const filled = Object.entries(fields).filter(([, value]) => value !== '' && value !== null);
  return (
    filled
      .map(([tag, value]) => `${tag}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join('\n') || 'none'
  );
}
