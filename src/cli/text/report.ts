import { MEMBER_STATUSES, OUTCOMES } from '../../contract/outcome';
import type { FieldWarning } from '../../contract/plan';
import { isPlanned, kindOf, type ExportReport } from '../../contract/report';
import {
  describeApproval,
  describeBaseline,
  describeStatus,
  describeLanes,
  describeRequests,
  describeSubjects,
  describeUncertain,
  describeWarning,
  describeWithoutBaseline,
  INVALID_MEANING,
  jobTitle,
  MEMBER_STATUS_MEANING,
  OUTCOME_MEANING,
} from '../../text/describe-export';
import { notExported } from './export';
import { count, duration, instant } from '../../text/format';
import { pairs, table } from './table';

/** The complete report of an export or a plan, with its status in the first line. */
export function describeReport(report: ExportReport): string {
  return [
    headline(report),
    guardLines(report),
    outcomeTable(report),
    segmentTable(report),
    invalidTable(report),
    describeUncertain(report),
    describeWithoutBaseline(report),
    refusalTable(report),
    memberStatusTable(report),
    warningLines(report.warnings),
    facts(report),
    failuresHint(report),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(report: ExportReport): string {
  const status = describeStatus(report);
  const { failure } = report;
  return [
    `${jobTitle({ ...report, kind: kindOf(report) })} ${status[0]!.toLowerCase()}${status.slice(1)}`,
    // As it is: it may have several lines, such as one for each unreadable file.
    ...(report.status === 'failed' && failure ? [`${failure.code}: ${failure.message}`] : []),
    `${describeSubjects(report)}.`,
  ].join('\n');
}

/** Why the export was held, or why an export with this plan would be held. */
function guardLines(report: ExportReport): string {
  const { guards, approval } = report;
  const would = isPlanned(report) ? 'Would be held' : 'Held';
  return [
    ...guards.map(({ code, message }) => `${would}: ${code}. ${message}`),
    ...(approval ? [`Approved by ${describeApproval(approval)}.`] : []),
  ].join('\n');
}

function outcomeTable(report: ExportReport): string {
  const { outcomes } = report;
  const found = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  if (found.length === 0) return '';
  return table(
    [isPlanned(report) ? 'WOULD BE' : 'OUTCOME', 'PROFILES', 'MEANING'],
    found.map((outcome) => [outcome, count(outcomes[outcome]), OUTCOME_MEANING[outcome]]),
  );
}

function segmentTable(report: ExportReport): string {
  const { segments } = report;
  if (segments.length === 0) return '';
  const hasNotSent = segments.some(({ notSent = 0 }) => notSent > 0);
  const rows = segments.map(({ segment, name, profiles, tagged, untagged, failed, notSent = 0 }) => [
    segment,
    name,
    count(profiles),
    count(tagged),
    count(untagged),
    ...(isPlanned(report) ? [] : [count(failed)]),
    ...(hasNotSent ? [count(notSent)] : []),
  ]);
  return isPlanned(report)
    ? table(['SEGMENT', 'TAG', 'PROFILES', 'TO TAG', 'TO UNTAG'], rows)
    : table(
        ['SEGMENT', 'TAG', 'PROFILES', 'TAGGED', 'UNTAGGED', 'FAILED', ...(hasNotSent ? ['NOT SENT'] : [])],
        rows,
      );
}

function invalidTable({ invalid }: ExportReport): string {
  const rules = Object.entries(invalid).filter(([, profiles]) => profiles > 0);
  if (rules.length === 0) return '';
  return table(
    ['INVALID: RULE', 'PROFILES', 'MEANING'],
    rules.map(([rule, profiles]) => [rule, count(profiles), INVALID_MEANING[rule] ?? '']),
  );
}

function refusalTable({ refusals }: ExportReport): string {
  if (refusals.length === 0) return '';
  return table(
    ['OUTCOME', 'CLASS', 'PROFILES', "MAILCHIMP'S TEXT"],
    refusals.map(({ outcome, class: kind, count: profiles, text }) => [
      outcome,
      kind,
      count(profiles),
      text === '' ? '(withheld, not sent)' : text,
    ]),
  );
}

/** Separate from outcomes: the status of each contact that Mailchimp acknowledged, so how many receive campaigns. */
function memberStatusTable({ memberStatuses }: ExportReport): string {
  const found = MEMBER_STATUSES.filter((status) => memberStatuses[status] > 0);
  if (found.length === 0) return '';
  return table(
    ['MEMBER STATUS', 'CONTACTS', 'MEANING'],
    found.map((status) => [status, count(memberStatuses[status]), MEMBER_STATUS_MEANING[status]]),
  );
}

function warningLines(warnings: readonly FieldWarning[]): string {
  return warnings.map((warning) => `Warning: ${describeWarning(warning)}`).join('\n');
}

function facts(report: ExportReport): string {
  const { exportId, startedAt, durationMs, tally, baselineSize, gone, storeId, isSettled } = report;
  return pairs([
    ['Export', exportId],
    ['Started', `${instant(startedAt)}, took ${duration(durationMs)}`],
    ['Requests', tally ? describeRequests(tally) : 'unknown'],
    ...(tally?.lanes ? ([['Delivered', describeLanes(tally.lanes)]] as const) : []),
    ...(isSettled || isPlanned(report)
      ? ([
          ['In the baseline', describeBaseline({ size: baselineSize, ...(gone !== undefined && { gone }) })],
        ] as const)
      : []),
    ...(isSettled ? ([['Rows', `staging store ${storeId}`]] as const) : []),
  ]);
}

function failuresHint(report: ExportReport): string {
  const { destinationId, number, isSettled } = report;
  if (notExported(report) === 0 || !isSettled) return '';
  return `To list the profiles that were not exported, and why: temporal-mailchimp export failures ${destinationId} ${number}`;
}
