import type { RefreshTargets } from '../contract/refresh';
import type { Overlap, ScheduleRequest } from '../contract/schedule';
import { countOf, listOf } from './format';

const OVERLAP: Readonly<Record<Overlap, string>> = {
  skip: 'left out',
  'buffer-one': 'started when it has ended, once',
  allow: 'started at once',
};

/** More names make a line too long for a table, and for the summary of a workflow. */
const NAMED = 3;

/** "newsletter, shop", "all destinations", "destinations with the label weekly". */
export function describeTargets(targets: RefreshTargets): string {
  if ('all' in targets) return 'all destinations';
  if ('labels' in targets) return describeLabels(targets.labels);
  return describeNames(targets.destinations);
}

function describeLabels(labels: readonly string[]): string {
  return labels.length > NAMED
    ? `destinations with one of ${countOf(labels.length, 'label')}`
    : `destinations with the label ${labels.join(' or ')}`;
}

function describeNames(names: readonly string[]): string {
  return names.length > NAMED ? countOf(names.length, 'destination') : names.join(', ');
}

/** "daily at 02:30, 14:30 on monday, friday (Europe/Berlin)". */
export function describeTimes({
  daily,
  weekdays,
  cron,
  every,
  offset,
  timezone,
}: Omit<ScheduleRequest, 'targets'>): string {
  if (every) return `every ${every}${offset ? `, shifted by ${offset}` : ''}`;
  const times = daily
    ? `${weekdays ? '' : 'daily '}at ${daily.join(', ')}${weekdays ? ` on ${weekdays.join(', ')}` : ''}`
    : `by cron ${(cron ?? []).join('; ')}`;
  return `${times} (${timezone})`;
}

/** What the Web UI shows of a schedule, and of each refresh that it starts. */
export function scheduleWords(name: string, settings: ScheduleRequest) {
  return { staticSummary: scheduleSummary(settings), staticDetails: scheduleDetails(name, settings) };
}

/** "Refresh of newsletter, daily at 02:30 (Europe/Berlin)": the Web UI shows a spec as JSON, and the note of a schedule as it is. */
function noteWords(settings: ScheduleRequest): string {
  return `${scheduleSummary(settings)}, ${describeTimes(settings)}`;
}

/** The note of a schedule: who paused it, or let it go on, if anyone has, and what it does. */
export function scheduleNote(settings: ScheduleRequest, by: string | null): string {
  return [...(by === null ? [] : [by]), noteWords(settings)].join('. ');
}

/** The first part of such a note; another note as it is. */
export function byIn(note: string, settings: ScheduleRequest | undefined): string | null {
  const words = settings ? noteWords(settings) : '';
  if (note === words) return null;
  return words !== '' && note.endsWith(`. ${words}`) ? note.slice(0, -words.length - '. '.length) : note;
}

/** The note of a schedule whose settings change. */
export function changedNote(
  note: string | undefined,
  { before, after }: { readonly before: ScheduleRequest; readonly after: ScheduleRequest },
): string {
  return scheduleNote(after, note === undefined ? null : byIn(note, before));
}

/** One line. */
function scheduleSummary({ targets }: ScheduleRequest): string {
  return `Refresh of ${describeTargets(targets)}`;
}

/** In Markdown. */
function scheduleDetails(name: string, settings: ScheduleRequest): string {
  const { targets } = settings;
  const all = 'destinations' in targets ? listOf(targets.destinations) : describeTargets(targets);
  const lines = [
    `Exports ${all}, ${describeTimes(settings)}, by the schedule ${name} of temporal-mailchimp.`,
    // Without it, the Web UI makes no list.
    '',
    ...describeRules(settings).map(([rule, value]) => `- ${rule}: ${value}`),
  ];
  return lines.join('\n');
}

/** What applies beside the times, by name. */
export function describeRules(settings: ScheduleRequest): (readonly [string, string])[] {
  const { jitter, skipDates, start, end, overlap, catchUpMinutes, pauseOnFailure } = settings;
  const { whenSourceChanged, atOnce, longestMinutes } = settings;
  const period = [start && `from ${start}`, end && `to ${end}`].filter(Boolean).join(' ');
  return [
    ...(jitter ? [['Jitter', `starts up to ${jitter} later`] as const] : []),
    ...(skipDates.length > 0 ? [['Not on', listOf(skipDates)] as const] : []),
    ...(period ? [['Period', period] as const] : []),
    ['While one runs', `the next one is ${OVERLAP[overlap]}`],
    ['After an outage', `made up if less than ${countOf(catchUpMinutes, 'minute')} late`],
    ['After a failure', pauseOnFailure ? 'the schedule is paused' : 'the schedule goes on'],
    [
      'Source unchanged',
      whenSourceChanged ? 'the destination is skipped' : 'the destination is exported too',
    ],
    ['At once', `${countOf(atOnce, 'export')} of one account`],
    ['Longest', countOf(longestMinutes, 'minute')],
  ];
}
