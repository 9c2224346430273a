import type { Wait } from '../../contract/export-waits';
import { exportWorkflowId } from '../../contract/identifiers';
import type { Reason } from '../../contract/reason';
import { kindOf, type ExportReport } from '../../contract/report';
import { consentFacts } from '../../text/consent-facts';
import {
  describeBaseline,
  describeFailure,
  describeReason,
  jobTitle,
  LEAVERS_MEANING,
} from '../../text/describe-export';
import { describeUndelivered } from '../../text/describe-alert';
import { describeStale } from '../../text/describe-stale';
import { count, countOf, instant, listOf } from '../../text/format';
import { detailsPage, inMarkdown, linkTo, linkToSchedule, MAX_ROWS } from '../details-page';
import { staleOf } from './stale';
import type { DestinationState } from './state';

/** What is shown of a destination beside its state. */
export interface Shown {
  readonly destinationId: string;
  readonly namespace: string;
  /** Why the first connect was refused. */
  readonly refusal: Reason | null;
  /** What the export that runs waits for, as it has said. Null: it goes on. */
  readonly waits: { readonly kind: Wait; readonly since: string } | null;
  readonly nowMs: number;
}

/**
 * The destination's page in the Web UI. Ids, names and counts only. It says whether its export is held, stopped or paused, and links to the
 * page of the export, which says why. What is wrong comes first; settings, which `destination show` has too, give way to it.
 */
export function describeDestination(state: DestinationState, shown: Shown): string {
  const { connection, consent, configuration, baseline, exports } = state;
  const last = exports.find((report) => kindOf(report) === 'export');
  const stale = staleOf(state, shown.nowMs);
  const agreed = ['Consent', inMarkdown(describeConsent(consent))] as const;
  const isWithdrawn = consent?.withdrawnAt !== undefined;
  const rows = [
    ...openRows(state, shown),
    ...(isWithdrawn ? [agreed] : []),
    ...scheduleRows(state, shown),
    ...(stale ? [['Stale', inMarkdown(describeStale(stale))] as const] : []),
    ...alertRows(state),
    ['Last export', describeLast(state, last, shown)] as const,
    ['In the baseline', inMarkdown(describeBaseline(baseline ?? { size: 0 }))] as const,
    ['Audience', connection ? inMarkdown(nameOfAudience(connection.audience)) : 'none yet'] as const,
    ['Status if new', inMarkdown(describeStatusIfNew(state))] as const,
    ...(isWithdrawn ? [] : [agreed]),
    ['Segments', inMarkdown(describeSegments(configuration))] as const,
    ...(configuration?.leavers
      ? [['People who leave', inMarkdown(LEAVERS_MEANING[configuration.leavers])] as const]
      : []),
  ];
  return detailsPage(inMarkdown(headline(state, shown)), rows.slice(0, MAX_ROWS));
}

/** The Web UI shows no summary after the first run: so the name is here. */
function headline({ connection, phase, unsettled }: DestinationState, { refusal, waits }: Shown): string {
  if (!connection) return refusal ? `Not connected: ${describeReason(refusal)}` : `Destination ${phase}`;
  return `${connection.name}: destination ${phase}${unsettled ? `, ${jobTitle(unsettled).toLowerCase()} ${waits ? `is ${waits.kind}` : 'runs'}` : ''}`;
}

function openRows({ unsettled, queue }: DestinationState, shown: Shown): (readonly [string, string])[] {
  return [
    ...(unsettled
      ? [['Now', `${linkToJob(jobTitle(unsettled), shown)} ${describeNow(shown)}`] as const]
      : []),
    ...(queue.length > 0 ? [['Queued', queue.map(jobTitle).join(', ')] as const] : []),
  ];
}

function describeNow({ waits }: Shown): string {
  return waits ? `is ${waits.kind} since ${instant(waits.since)}: its page says what to do` : 'runs';
}

/** Without the next time itself, which only the page of the schedule knows: it may have been paused or changed since. */
function scheduleRows({ schedules = [] }: DestinationState, { namespace }: Shown) {
  const lines = schedules.map(
    ({ name, times, askedAt }) =>
      `by the schedule ${linkToSchedule(name, namespace)}: ${inMarkdown(times)}, as of ${instant(askedAt)}`,
  );
  return lines.length > 0 ? [['Next refresh', lines.join('; ')] as const] : [];
}

/** A receiver that gets no alerts, and how many others there are: the command line has all. */
function alertRows({ alerts }: DestinationState): (readonly [string, string])[] {
  const [first, ...others] = alerts?.undelivered ?? [];
  if (!first) return [];
  const more = others.length > 0 ? ` The same holds for ${countOf(others.length, 'other receiver')}.` : '';
  return [['Alerts', inMarkdown(`${describeUndelivered(first)}${more}`)]];
}

/** All jobs of a destination have one workflow id: the link shows the latest. */
function linkToJob(title: string, { destinationId, namespace }: Shown): string {
  return linkTo(title, { namespace, workflowId: exportWorkflowId(destinationId) });
}

function nameOfAudience({ name, id }: { readonly name: string; readonly id: string }): string {
  return `${name} (${id})`;
}

function describeSegments(configuration: DestinationState['configuration']): string {
  return configuration ? listOf(configuration.segments.map(nameOfSegment)) : 'not configured yet';
}

function nameOfSegment({ segment, tag }: { readonly segment: string; readonly tag: string }): string {
  return segment === tag ? segment : `${segment} (tag ${tag})`;
}

function describeStatusIfNew({ connection, consent }: DestinationState): string {
  if (!connection) return '';
  const { statusIfNew, audience } = connection;
  const warnings = consentFacts(statusIfNew, audience, consent?.proof).filter(
    ({ kind }) => kind === 'warning',
  );
  return [`${statusIfNew}.`, ...warnings.map(({ message }) => message)].join(' ');
}

function describeConsent(consent: DestinationState['consent']): string {
  if (!consent) return 'none';
  const { agreedBy, agreedAt, withdrawnAt } = consent;
  return withdrawnAt
    ? `withdrawn ${instant(withdrawnAt)}: exports are refused until it is given again`
    : `${agreedBy}, ${instant(agreedAt)}`;
}

function describeLast(state: DestinationState, report: ExportReport | undefined, shown: Shown): string {
  if (!report) return 'none';
  const outcome = `${report.status}, ${count(report.selected)} profiles, ${instant(report.startedAt)}`;
  const words = inMarkdown([outcome, describeFailure(report)].filter(Boolean).join('. '));
  // A later job, or one that was cancelled while it was queued, would be behind the link, or not.
  const isLatest = !state.unsettled && state.exports[0] === report && report.status !== 'cancelled';
  return `${isLatest ? linkToJob(String(report.number), shown) : report.number}: ${words}`;
}
