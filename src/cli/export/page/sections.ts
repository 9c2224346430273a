import { isPlanned, kindOf, type ExportReport } from '../../../contract/report';
import { MEMBER_STATUSES, OUTCOMES } from '../../../contract/outcome';
import { TIMELINE_STATES } from '../../../contract/timeline';
import type { FailureRow } from '../../../ports/staging';
import {
  describeApproval,
  describeBaseline,
  describeFailure,
  describeLanes,
  describeRemains,
  describeRequests,
  describeResult,
  describeStatus,
  describeSubjects,
  describeUncertain,
  describeUndo,
  describeWarning,
  INVALID_MEANING,
  jobTitle,
  MEMBER_STATUS_MEANING,
  OUTCOME_MEANING,
} from '../../../text/describe-export';
import { describeUnmatched } from '../../../text/describe-unmatched';
import { count, duration, instant } from '../../../text/format';
import { meaningOfClass } from '../../../text/row-class-meaning';
import { TIMELINE_STATE } from '../../../text/timeline-state';
import { nameOf, numbersOf } from '../compare';
import { differencesOf } from '../differences';

/** What a report as a page or as Markdown is made of. */
export interface PageFacts {
  readonly report: ExportReport;
  /** Name of the destination, and of its audience. */
  readonly name: string;
  readonly audience: string;
  /** The export before. Undefined: not known. */
  readonly before: ExportReport | undefined;
  /** The first profiles that were not exported. Undefined: the page names no one. */
  readonly people: readonly FailureRow[] | undefined;
  /** All that were not exported. */
  readonly peopleInAll: number;
}

export type ChartName = 'outcomes' | 'rate' | 'segments' | 'rejects';

/** A heading with sentences and a table, which a page may show as a chart as well. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly chart?: ChartName;
}

export function titleOf({ report, name }: Pick<PageFacts, 'report' | 'name'>): string {
  return `${jobTitle({ ...report, kind: kindOf(report) })} of ${name}`;
}

/** Below the title: how it ended, and what it was. */
export function summaryOf({ report, audience }: PageFacts): readonly string[] {
  const failure = describeFailure(report);
  const undo = describeUndo(report);
  const { startedAt, durationMs, destinationId } = report;
  return [
    describeStatus(report),
    ...(failure === '' ? [] : [failure]),
    ...(undo === '' ? [] : [undo]),
    `Destination ${destinationId}, audience ${audience}. Started ${instant(startedAt)}, took ${duration(durationMs)}.`,
    ...(kindOf(report) === 'forget' ? [] : [`${describeSubjects(report)}.`]),
  ];
}

/** In their order. Those with nothing to say are left out. */
export function sectionsOf(facts: PageFacts): readonly Section[] {
  const { report } = facts;
  return [
    forgetSection(report),
    outcomeSection(report),
    rateSection(report),
    segmentSection(report),
    rejectSection(report),
    guardSection(report),
    warningSection(report),
    memberSection(report),
    changeSection(facts),
    deliverySection(report),
    peopleSection(facts),
  ].filter(({ lines, rows }) => lines.length + rows.length > 0);
}

function forgetSection(report: ExportReport): Section {
  const rows = kindOf(report) === 'forget' ? describeResult(report) : [];
  return { title: 'What was removed', lines: [], head: ['What', 'How much'], rows };
}

function outcomeSection(report: ExportReport): Section {
  const { outcomes } = report;
  const uncertain = describeUncertain(report);
  const remains = describeRemains(report);
  return {
    title: isPlanned(report) ? 'Outcomes, if it were sent' : 'Outcomes',
    lines: [...(uncertain === '' ? [] : [uncertain]), ...(remains === '' ? [] : [`Stays: ${remains}`])],
    head: ['Outcome', 'Profiles', 'Meaning'],
    rows: OUTCOMES.filter((outcome) => outcomes[outcome] > 0).map((outcome) => [
      outcome,
      count(outcomes[outcome]),
      OUTCOME_MEANING[outcome],
    ]),
    chart: 'outcomes',
  };
}

function rateSection({ timeline, durationMs }: ExportReport): Section {
  const took = timeline?.took ?? {};
  return {
    title: 'Rate over time, and what it waited for',
    lines: timeline
      ? []
      : ['When this export did what is not known: only one that ends by itself has recorded it.'],
    head: ['State', 'Time', 'Share'],
    rows: TIMELINE_STATES.flatMap((state) => {
      const { [state]: ms = 0 } = took;
      if (ms === 0) return [];
      return [[TIMELINE_STATE[state], duration(ms), share(ms, durationMs)]];
    }),
    ...(timeline && { chart: 'rate' as const }),
  };
}

function share(part: number, whole: number): string {
  return whole === 0 ? '' : `${Math.round((100 * part) / whole)}%`;
}

function segmentSection(report: ExportReport): Section {
  const { segments, omittedSegments = 0 } = report;
  return {
    title: 'Segments',
    lines:
      omittedSegments === 0 ? [] : [`${count(omittedSegments)} segments with fewer changes are not listed.`],
    head: ['Segment', 'Tag', 'Profiles', 'Tagged', 'Untagged', 'Failed', 'Not sent'],
    rows: segments.map(({ segment, name, notSent = 0, ...counts }) => [
      segment,
      name,
      ...[counts.profiles, counts.tagged, counts.untagged, counts.failed, notSent].map(count),
    ]),
    chart: 'segments',
  };
}

function rejectSection({ refusals, invalid }: ExportReport): Section {
  const rules = Object.entries(invalid).filter(([, profiles]) => profiles > 0);
  return {
    title: 'Not exported, by reason',
    lines: [],
    head: ['Outcome', 'Reason', 'Profiles', 'Meaning', "Mailchimp's text"],
    rows: [
      ...refusals.map(({ outcome, class: name, count: profiles, text, rememberedSince }) => [
        outcome,
        name,
        count(profiles),
        [
          meaningOfClass(name),
          rememberedSince === undefined ? '' : `not sent since ${instant(rememberedSince)}`,
        ]
          .filter((part) => part !== '')
          .join('; '),
        text,
      ]),
      ...rules.map(([rule, profiles]) => ['invalid', rule, count(profiles), INVALID_MEANING[rule] ?? '', '']),
    ],
    chart: 'rejects',
  };
}

function guardSection(report: ExportReport): Section {
  const { guards, approval, denial, askedBy } = report;
  const would = isPlanned(report) ? 'An export would be held' : 'It was held';
  return {
    title: 'Guards and approvals',
    lines:
      guards.length + (approval ? 1 : 0) + (denial ? 1 : 0) === 0
        ? ['No guard held it.']
        : [
            ...(guards.length > 0 ? [`${would}.`] : []),
            ...(askedBy === undefined ? [] : [`Asked for by ${askedBy}.`]),
            ...(approval ? [`Approved by ${describeApproval(approval)}.`] : []),
            ...(denial ? [`Denied by ${denial.by}, ${instant(denial.at)}.`] : []),
          ],
    head: ['Guard', 'Number', 'Limit', 'Reason'],
    rows: guards.map(({ code, number, limit, message }) => [code, count(number), count(limit), message]),
  };
}

function warningSection({ warnings, segments, mismatches }: ExportReport): Section {
  const unmatched = describeUnmatched(segments);
  return {
    title: 'Warnings',
    lines: [...mismatches, ...warnings.map(describeWarning), ...(unmatched === '' ? [] : [unmatched])],
    head: [],
    rows: [],
  };
}

function memberSection({ memberStatuses }: ExportReport): Section {
  return {
    title: 'Statuses of the contacts that Mailchimp acknowledged',
    lines: [],
    head: ['Status', 'Contacts', 'Meaning'],
    rows: MEMBER_STATUSES.filter((status) => memberStatuses[status] > 0).map((status) => [
      status,
      count(memberStatuses[status]),
      MEMBER_STATUS_MEANING[status],
    ]),
  };
}

function changeSection({ report, before }: PageFacts): Section {
  const title = 'What changed since the export before';
  const head = ['', 'Number', 'Before', 'Now', 'Difference'];
  if (!before) return { title, lines: ['No report of an export before it is kept.'], head, rows: [] };
  const differences = differencesOf(before, report).filter(({ difference }) => difference !== 0);
  return {
    title,
    lines: [`The export before is ${before.number}, ${before.status}, started ${instant(before.startedAt)}.`],
    head,
    rows: differences.map((one) => [one.group, nameOf(one), ...numbersOf(one)]),
  };
}

function deliverySection(report: ExportReport): Section {
  const { exportId, tally, baselineSize, gone, storeId } = report;
  return {
    title: 'Details',
    lines: [],
    head: ['Name', 'Value'],
    rows: [
      ['Export', exportId],
      ['Requests', tally ? describeRequests(tally) : 'unknown'],
      ...(tally?.lanes ? [['Delivered', describeLanes(tally.lanes)]] : []),
      ['In the baseline', describeBaseline({ size: baselineSize, ...(gone !== undefined && { gone }) })],
      ['Rows', `staging store ${storeId}`],
    ],
  };
}

function peopleSection({ people, peopleInAll }: PageFacts): Section {
  const title = 'Profiles that were not exported';
  const head = ['Outcome', 'Reason', 'Key', 'E-mail', 'Text'];
  if (!people) return { title, lines: [], head, rows: [] };
  return {
    title,
    lines:
      people.length < peopleInAll
        ? [`The first ${count(people.length)} of ${count(peopleInAll)}.`]
        : people.length === 0
          ? ['There are none.']
          : [],
    head,
    rows: people.map(({ outcome, reason, key, email, text }) => [
      outcome,
      reason,
      key,
      email ?? '',
      text ?? '',
    ]),
  };
}
