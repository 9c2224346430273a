import type { Configuration } from '../../contract/destination';
import type { DestinationView } from '../../contract/destination-view';
import { STATUS_IF_NEW_MEANING } from '../../text/consent-facts';
import { describeBaseline } from '../../text/describe-export';
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
        ...staleAfter(view),
        ['Exports now', open.map(({ label, state }) => `${label}: ${state}`).join('\n') || 'none'],
      ],
      page,
    ),
    tonedWarnings(page, [staleLine(view), factLines(view)].filter(Boolean).join('\n')),
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
          (consent.withdrawnAt
            ? `\nwithdrawn by ${consent.withdrawnBy ?? ''}, ${instant(consent.withdrawnAt)}`
            : '')
        : 'none',
    ],
  ];
}

function staleAfter({ configuration }: DestinationView): (readonly [string, string])[] {
  const hours = configuration?.staleAfterHours;
  return hours === undefined ? [] : [['Stale after', `${count(hours)} h without a complete export`]];
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

function describeMatching({ email, fields, segments }: Configuration, page: Page): string {
  return [
    table(
      ['ATTRIBUTE', 'MERGE FIELD', 'TYPE', 'REQUIRED'],
      [
        [email, 'Email', 'email', 'yes'],
        ...fields.map(({ attribute, field }) => [
          attribute,
          `${field.tag} (${field.name})`,
          field.type,
          field.required ? 'yes' : 'no',
        ]),
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
