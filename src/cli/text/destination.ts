import type { Configuration } from '../../contract/destination';
import type { DestinationView } from '../../contract/destination-view';
import { attributesOf, isMergeField } from '../../contract/merge-field';
import { STATUS_IF_NEW_MEANING } from '../../text/consent-facts';
import { describeBaseline, LEAVERS_MEANING } from '../../text/describe-export';
import { describeUndelivered } from '../../text/describe-alert';
import { describeStale } from '../../text/describe-stale';
import { count, instant } from '../../text/format';
import { exportTable, openExports } from './export';
import { PLAIN_PAGE, type Page } from './page';
import { pairs, table } from './table';
import { tonedWarnings } from './tones';

export function describeDestination(view: DestinationView, page: Page = PLAIN_PAGE): string {
  const { destinationId, phase, baseline, exports } = view;
  const open = openExports(view);
  const inBaseline = baseline
    ? `${describeBaseline(baseline)}, as of export ${baseline.exportId}`
    : 'no addresses yet';
  const parts = [
    `${destinationId}: ${phase}`,
    pairs(
      [
        ...connectionPairs(view),
        ['In the baseline', inBaseline],
        ...leavers(view),
        ...approvals(view),
        ...rejects(view),
        ...staleAfter(view),
        ['Exports now', open.map(({ label, state }) => `${label}: ${state}`).join('\n') || 'none'],
      ],
      page,
    ),
    tonedWarnings(page, [staleLine(view), alertLines(view), factLines(view)].filter(Boolean).join('\n')),
    view.configuration ? describeMatching(view.configuration, page) : describeUnconfigured(destinationId),
    ...(exports.length > 0 || open.length > 0 ? [exportTable(view, page)] : []),
  ];
  return parts.join('\n\n');
}

function describeUnconfigured(destinationId: string): string {
  return `Not configured yet: temporal-mailchimp destination configure ${destinationId}`;
}

function connectionPairs(view: DestinationView): (readonly [string, string])[] {
  const { name, account, accountId, audience, source, statusIfNew, exportUser, storeId, consent, labels } =
    view;
  return [
    ['Name', name],
    ['Audience', `${audience.name} (${audience.id})`],
    ['Account', `${account} (${accountId})`],
    ['Double opt-in', doubleOptin(audience.doubleOptin)],
    ['Status if new', `${statusIfNew}: ${STATUS_IF_NEW_MEANING[statusIfNew] ?? ''}`],
    ['Source', source],
    ['Export user', exportUser],
    ...(labels.length > 0 ? ([['Labels', labels.join(', ')]] as const) : []),
    ['Staging store', storeId],
    [
      'Consent',
      consent
        ? `${consent.agreedBy}, ${instant(consent.agreedAt)}, statement ${consent.textVersion}` +
          (consent.proof === undefined ? '' : `\nproven: ${consent.proof}`) +
          (consent.withdrawnAt
            ? `\nwithdrawn by ${consent.withdrawnBy ?? ''}, ${instant(consent.withdrawnAt)}${becauseOf(consent.withdrawnReason)}`
            : '')
        : 'none',
    ],
    ...earlierConsents(view),
  ];
}

function approvals({ configuration }: DestinationView): (readonly [string, string])[] {
  return configuration?.approval?.by === 'other'
    ? [['Approvals', 'by a person other than the one who asked']]
    : [];
}

function leavers({ configuration }: DestinationView): (readonly [string, string])[] {
  const { leavers: chosen } = configuration ?? {};
  return chosen ? [['People who leave', LEAVERS_MEANING[chosen]]] : [];
}

function rejects({ configuration }: DestinationView): (readonly [string, string])[] {
  const policies = Object.entries(configuration?.rejects ?? {}).map(
    ([name, policy]) => `${name}: ${typeof policy === 'object' ? `after ${policy.afterDays} days` : policy}`,
  );
  return policies.length > 0 ? [['Rejects', policies.join('\n')]] : [];
}

/** All but what the line of the consent says. */
function earlierConsents({ consent, consentHistory = [] }: DestinationView): (readonly [string, string])[] {
  const lines = consentHistory
    .slice(consent?.withdrawnAt === undefined ? 1 : 2)
    .map(({ event, by, at, reason }) => `${event} by ${by}, ${instant(at)}${becauseOf(reason)}`);
  return lines.length > 0 ? [['Before', lines.join('\n')]] : [];
}

function becauseOf(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function staleAfter({ configuration }: DestinationView): (readonly [string, string])[] {
  const hours = configuration?.staleAfterHours;
  return hours === undefined ? [] : [['Stale after', `${count(hours)} h without a complete export`]];
}

function alertLines({ undeliveredAlerts = [] }: DestinationView): string {
  return undeliveredAlerts
    .map((undelivered) => `Warning: alerts: ${describeUndelivered(undelivered)}`)
    .join('\n');
}

function staleLine({ stale }: DestinationView): string {
  return stale ? `Warning: stale: ${describeStale(stale, Date.now())}.` : '';
}

function factLines({ consentFacts }: DestinationView): string {
  return consentFacts
    .map(({ kind, message }) => (kind === 'warning' ? `Warning: ${message}` : message))
    .join('\n');
}

function doubleOptin(isOn: boolean): string {
  return isOn ? 'on: its own forms ask new contacts to confirm' : 'off';
}

export function describeConnection(view: DestinationView, page: Page = PLAIN_PAGE): string {
  const { destinationId, audience, configuration } = view;
  const next = configuration ? `export start ${destinationId}` : `destination configure ${destinationId}`;
  return [
    `Connected "${destinationId}" to the audience ${audience.name} (${audience.id}).`,
    '',
    pairs(connectionPairs(view), page),
    '',
    tonedWarnings(page, factLines(view)),
    `Next: temporal-mailchimp ${next}`,
  ].join('\n');
}

export function describeConfiguration(
  { destinationId, configuration }: DestinationView,
  page: Page = PLAIN_PAGE,
): string {
  return [
    `Configured "${destinationId}". Nothing was sent.`,
    ...(configuration ? [describeMatching(configuration, page)] : []),
    `Next: temporal-mailchimp export plan ${destinationId}`,
  ].join('\n\n');
}

/** What is for contacts that are new to the audience only. */
function newContactRows({ addOnlyIf, signup = {} }: Configuration): string[][] {
  const { ip, at } = signup;
  return [
    ...(addOnlyIf === undefined ? [] : [[addOnlyIf, 'whether a new contact is added', 'yes or no', '']]),
    ...(ip === undefined ? [] : [[ip, 'ip_signup of a new contact', 'IP address', '']]),
    ...(at === undefined ? [] : [[at, 'timestamp_signup of a new contact', 'time', '']]),
  ];
}

function describeMatching(configuration: Configuration, page: Page): string {
  const { email, otherEmails = [], fields, segments } = configuration;
  return [
    table(
      ['ATTRIBUTE', 'MERGE FIELD', 'TYPE', 'REQUIRED'],
      [
        [email, 'Email', 'email', 'yes'],
        ...otherEmails.map((other) => [other, 'Email', 'where the one above has no usable address', '']),
        ...fields.map((match) => [
          [...new Set(attributesOf(match))].join(', '),
          isMergeField(match.field) ? `${match.field.tag} (${match.field.name})` : match.field.name,
          match.field.type,
          match.field.required ? 'yes' : 'no',
        ]),
        ...newContactRows(configuration),
      ],
      page,
    ),
    table(
      ['SEGMENT', 'TAG', 'TAG ID'],
      segments.map(({ segment, tag, tagId, knownAs }) => [
        segment,
        knownAs === null || knownAs === tag ? tag : `${tag} (renamed from ${knownAs} by the next export)`,
        tagId === null ? 'created by the first export' : String(tagId),
      ]),
      page,
    ),
  ].join('\n\n');
}
