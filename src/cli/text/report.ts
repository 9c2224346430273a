import { MEMBER_STATUSES, OUTCOMES } from '../../contract/outcome';
import { withheldClassesWhere } from '../../contract/row-class';
import { isPlanned, kindOf, type ExportReport, type RefusalCount } from '../../contract/report';
import {
  describeApproval,
  describeBaseline,
  describeResult,
  describeStatus,
  describeLanes,
  describeNotArchived,
  describeRemains,
  describeRequests,
  describeSubjects,
  describeUncertain,
  describeUncertainArchived,
  describeUndo,
  describeWarning,
  describeWithoutBaseline,
  INVALID_MEANING,
  jobLabel,
  jobTitle,
  MEMBER_STATUS_MEANING,
  OUTCOME_MEANING,
} from '../../text/describe-export';
import { describeSample } from '../../text/describe-drift';
import { describeUnmatched } from '../../text/describe-unmatched';
import { notExported } from './export';
import { count, duration, instant } from '../../text/format';
import { PLAIN_PAGE, toned, type Page } from './page';
import { pairs, table } from './table';
import { describeVerification } from './verification';
import { STATUS_TONE, tonedWarnings } from './tones';

/** The complete report of an export or a plan, with its status in the first line. */
export function describeReport(report: ExportReport, page: Page = PLAIN_PAGE): string {
  if (report.verification) return describeVerification(report, report.verification, page);
  if (kindOf(report) === 'forget')
    return [headline(report, page), pairs(describeResult(report), page)].filter(Boolean).join('\n\n');
  return [
    headline(report, page),
    guardLines(report),
    outcomeTable(report, page),
    segmentTable(report, page),
    segmentsHint(report),
    invalidTable(report, page),
    describeUncertain(report),
    notArchivedLine(report),
    remainsLine(report),
    describeUncertainArchived(report),
    sampleLine(report),
    describeWithoutBaseline(report),
    refusalTable(report, page),
    memberStatusTable(report, page),
    tonedWarnings(page, warningLines(report)),
    facts(report, page),
    failuresHint(report),
    warningsHint(report),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline(report: ExportReport, page: Page): string {
  const status = describeStatus(report);
  const { failure } = report;
  const line = `${jobTitle({ ...report, kind: kindOf(report) })} ${status[0]!.toLowerCase()}${status.slice(1)}`;
  const tone = STATUS_TONE[report.status];
  return [
    tone ? toned(page, tone, line) : line,
    // As it is: it may have several lines, such as one for each unreadable file.
    ...(report.status === 'failed' && failure ? [`${failure.code}: ${failure.message}`] : []),
    ...(report.removal
      ? [`Before the removal of the destination, by ${report.removal.by}: ${report.removal.exported}.`]
      : []),
    ...(report.undo ? [describeUndo(report)] : []),
    ...(kindOf(report) === 'forget' ? [] : [`${describeSubjects(report)}.`]),
  ].join('\n');
}

/** Why the export was held, or why an export with this plan would be held. */
function guardLines(report: ExportReport): string {
  const { guards, approval, askedBy } = report;
  const would = isPlanned(report) ? 'Would be held' : 'Held';
  return [
    ...guards.map(({ code, message }) => `${would}: ${code}. ${message}`),
    ...(askedBy !== undefined && (approval || guards.length > 0) ? [`Asked for by ${askedBy}.`] : []),
    ...(approval ? [`Approved by ${describeApproval(approval)}.`] : []),
  ].join('\n');
}

function outcomeTable(report: ExportReport, page: Page): string {
  const { outcomes } = report;
  const found = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  if (found.length === 0) return '';
  return table(
    [isPlanned(report) ? 'WOULD BE' : 'OUTCOME', 'PROFILES', 'MEANING'],
    found.map((outcome) => [outcome, count(outcomes[outcome]), OUTCOME_MEANING[outcome]]),
    page,
  );
}

/** Contacts that lost their tags only, where they were to be archived. */
function notArchivedLine(report: ExportReport): string {
  const why = describeNotArchived(report);
  return why === '' ? '' : `Not archived: ${why}.`;
}

/** What contacts were found to be that were read back. */
function sampleLine({ sample, destinationId, number }: ExportReport): string {
  if (!sample) return '';
  const hint =
    sample.differing > 0
      ? ` To list them: temporal-mailchimp destination drift ${destinationId} ${number}`
      : '';
  return `Sample: ${describeSample(sample)}.${hint}`;
}

/** What an undo cannot take back. */
function remainsLine(report: ExportReport): string {
  const what = describeRemains(report);
  return what === '' ? '' : `Stays: ${what}`;
}

function segmentTable(report: ExportReport, page: Page): string {
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
    ? table(['SEGMENT', 'TAG', 'PROFILES', 'TO TAG', 'TO UNTAG'], rows, page)
    : table(
        ['SEGMENT', 'TAG', 'PROFILES', 'TAGGED', 'UNTAGGED', 'FAILED', ...(hasNotSent ? ['NOT SENT'] : [])],
        rows,
        page,
      );
}

function invalidTable({ invalid }: ExportReport, page: Page): string {
  const rules = Object.entries(invalid).filter(([, profiles]) => profiles > 0);
  if (rules.length === 0) return '';
  return table(
    ['INVALID: RULE', 'PROFILES', 'MEANING'],
    rules.map(([rule, profiles]) => [rule, count(profiles), INVALID_MEANING[rule] ?? '']),
    page,
  );
}

function refusalTable({ refusals }: ExportReport, page: Page): string {
  if (refusals.length === 0) return '';
  return table(
    ['OUTCOME', 'CLASS', 'PROFILES', { optional: 'REFUSED' }, "MAILCHIMP'S TEXT"],
    refusals.map((refusal) => [
      refusal.outcome,
      refusal.class,
      count(refusal.count),
      whenRefused(refusal),
      refusal.text === '' ? inPlaceOfText(refusal) : refusal.text,
    ]),
    page,
  );
}

function isWithheld({ class: name }: RefusalCount): boolean {
  return withheldClassesWhere(() => true).some((withheld) => withheld === name);
}

function whenRefused(refusal: RefusalCount): string {
  const { rememberedSince, class: name } = refusal;
  if (rememberedSince !== undefined) return `remembered since ${instant(rememberedSince)}`;
  return isWithheld(refusal) || name === 'other' ? '' : 'now';
}

function inPlaceOfText(refusal: RefusalCount): string {
  const { outcome, class: name, rememberedSince } = refusal;
  if (isWithheld(refusal)) return '(withheld, not sent)';
  if (name === 'other') return '(less frequent refusals, added up)';
  if (rememberedSince !== undefined) return '(no text; not sent again)';
  return outcome === 'unproven' ? '(sent, without proof of the result)' : '(no text)';
}

/** Separate from outcomes: the status of each contact that Mailchimp acknowledged, so how many receive campaigns. */
function memberStatusTable({ memberStatuses }: ExportReport, page: Page): string {
  const found = MEMBER_STATUSES.filter((status) => memberStatuses[status] > 0);
  if (found.length === 0) return '';
  return table(
    ['MEMBER STATUS', 'CONTACTS', 'MEANING'],
    found.map((status) => [status, count(memberStatuses[status]), MEMBER_STATUS_MEANING[status]]),
    page,
  );
}

function warningLines({ warnings, segments }: ExportReport): string {
  const unmatched = describeUnmatched(segments);
  const found = [...warnings.map(describeWarning), ...(unmatched === '' ? [] : [unmatched])];
  return found.map((warning) => `Warning: ${warning}`).join('\n');
}

function facts(report: ExportReport, page: Page): string {
  const { exportId, startedAt, durationMs, tally, baselineSize, gone, storeId, isSettled } = report;
  return pairs(
    [
      ['Export', exportId],
      ['Started', `${instant(startedAt)}, took ${duration(durationMs)}`],
      ['Requests', tally ? describeRequests(tally) : 'unknown'],
      ...(tally?.lanes ? ([['Delivered', describeLanes(tally.lanes)]] as const) : []),
      ...(isSettled || isPlanned(report)
        ? ([
            [
              'In the baseline',
              describeBaseline({ size: baselineSize, ...(gone !== undefined && { gone }) }),
            ],
          ] as const)
        : []),
      ...(isSettled ? ([['Rows', `staging store ${storeId}`]] as const) : []),
    ],
    page,
  );
}

function segmentsHint(report: ExportReport): string {
  const { destinationId, omittedSegments = 0 } = report;
  if (omittedSegments === 0) return '';
  const label = jobLabel({ ...report, kind: kindOf(report) });
  const more = omittedSegments === 1 ? 'Of one more segment' : `Of ${count(omittedSegments)} more segments`;
  return `${more}, and of these: temporal-mailchimp export segments ${destinationId} ${label}`;
}

function warningsHint(report: ExportReport): string {
  const { destinationId, warnings } = report;
  if (warnings.length === 0) return '';
  const label = jobLabel({ ...report, kind: kindOf(report) });
  return `To list the values that were left out or cut: temporal-mailchimp export warnings ${destinationId} ${label}`;
}

function failuresHint(report: ExportReport): string {
  const { destinationId, number, isSettled } = report;
  if (notExported(report) === 0 || !isSettled) return '';
  return `To list the profiles that were not exported, and why: temporal-mailchimp export failures ${destinationId} ${number}`;
}
