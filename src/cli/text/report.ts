import { MEMBER_STATUSES, OUTCOMES } from '../../contract/outcome';
import type { FieldWarning } from '../../contract/plan';
import type { ExportEnding, ExportReport, Tally } from '../../contract/report';
import { notExported } from './exports';
import { count, countOf, duration, instant } from './numbers';
import { INVALID_MEANING, OUTCOME_MEANING, REACH_MEANING } from './outcomes';
import { pairs, table } from './table';

const ENDING: Readonly<Record<ExportEnding, string>> = {
  completed: 'completed: every profile has one outcome',
  planned: 'planned. Nothing was sent; this is what an export would do',
  cancelled: 'cancelled. What Mailchimp had acknowledged stays, and is counted here',
  failed: 'failed',
};

/** The whole report of an export, or of a plan: the decisive line first. */
export function describeReport(report: ExportReport): string {
  return [
    headline(report),
    outcomeTable(report),
    segmentTable(report),
    invalidTable(report),
    refusalTable(report),
    reachTable(report),
    warningLines(report.warnings),
    facts(report),
    rejectsHint(report),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function headline({ n, ending, isSettled, selected, departed }: ExportReport): string {
  const isNothing = ending === 'cancelled' && !isSettled;
  return [
    `Export ${n} ${isNothing ? 'cancelled before anything was sent' : ENDING[ending]}.`,
    `${countOf(selected, 'profile')} selected, ${countOf(departed, 'address', 'addresses')} departed.`,
  ].join('\n');
}

function outcomeTable({ outcomes, ending }: ExportReport): string {
  const found = OUTCOMES.filter((outcome) => outcomes[outcome] > 0);
  if (found.length === 0) return '';
  return table(
    [ending === 'planned' ? 'WOULD BE' : 'OUTCOME', 'PROFILES', 'MEANING'],
    found.map((outcome) => [outcome, count(outcomes[outcome]), OUTCOME_MEANING[outcome]]),
  );
}

function segmentTable({ segments, ending }: ExportReport): string {
  if (segments.length === 0) return '';
  const rows = segments.map(({ segment, name, profiles, tagged, untagged, failed }) => [
    segment,
    name,
    count(profiles),
    count(tagged),
    count(untagged),
    ...(ending === 'planned' ? [] : [count(failed)]),
  ]);
  return ending === 'planned'
    ? table(['SEGMENT', 'TAG', 'PROFILES', 'TO TAG', 'TO UNTAG'], rows)
    : table(['SEGMENT', 'TAG', 'PROFILES', 'TAGGED', 'UNTAGGED', 'FAILED'], rows);
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
    ['REFUSED', 'CLASS', 'PROFILES', "MAILCHIMP'S TEXT"],
    refusals.map(({ outcome, class: kind, count: profiles, text }) => [
      outcome,
      kind,
      count(profiles),
      text === '' ? '(withheld by us, not sent)' : text,
    ]),
  );
}

/** Counted apart from outcomes: of the people Mailchimp acknowledged, who can be reached. */
function reachTable({ reach }: ExportReport): string {
  const found = MEMBER_STATUSES.filter((status) => reach[status] > 0);
  if (found.length === 0) return '';
  return table(
    ['REACH', 'PEOPLE', 'MEANING'],
    found.map((status) => [status, count(reach[status]), REACH_MEANING[status]]),
  );
}

function warningLines(warnings: readonly FieldWarning[]): string {
  return warnings
    .map(({ attribute, field, kind, count: values }) =>
      kind === 'cut'
        ? `Warning: ${countOf(values, 'value')} of ${attribute} cut to the 255 bytes that ${field} takes.`
        : `Warning: ${countOf(values, 'value')} of ${attribute} left out, since they do not fit ${field}.`,
    )
    .join('\n');
}

function facts({
  exportId,
  startedAt,
  durationMs,
  tally,
  held,
  storeId,
  ending,
  isSettled,
}: ExportReport): string {
  return pairs([
    ['Export', exportId],
    ['Started', `${instant(startedAt)}, took ${duration(durationMs)}`],
    [
      'Requests',
      tally ? `${count(tally.requests)}, ${countOf(tally.batches, 'batch', 'batches')}` : 'not known',
    ],
    ...(tally?.lanes ? ([['Delivered', describeLanes(tally.lanes)]] as const) : []),
    ...(isSettled || ending === 'planned'
      ? ([['Held in Mailchimp', countOf(held, 'address', 'addresses')]] as const)
      : []),
    ...(isSettled ? ([['Rows', `staging store ${storeId}`]] as const) : []),
  ]);
}

function describeLanes({ batch, direct, why }: NonNullable<Tally['lanes']>): string {
  const ways = [
    ...(batch > 0 ? [`${countOf(batch, 'change')} in batches`] : []),
    ...(direct > 0 ? [`${countOf(direct, 'change')} directly`] : []),
  ];
  return `${ways.join(', ')} (${why})`;
}

function rejectsHint(report: ExportReport): string {
  const { destinationId, n, isSettled } = report;
  const rejected = notExported(report);
  if (rejected === 0 || !isSettled) return '';
  return `Who was not exported, and why: temporal-mailchimp export rejects ${destinationId} ${n}`;
}
