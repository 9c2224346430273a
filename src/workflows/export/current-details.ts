import type { ExportInput, ExportView } from '../../contract/export';
import { count } from '../../text/format';
import { progressOf, type Progress } from '../../text/progress';
import type { ExportReport } from '../../contract/report';
import {
  describeFailure,
  describeStatus,
  describeProgress,
  describeResult,
  describeState,
  PHASE,
} from '../../text/describe-export';

const ROWS = 10;

/** The export's page in the Web UI, worded as on the command line, most important line first. Markdown with one GFM table; counts only. */
export function describeExport(view: ExportView, input: ExportInput, rowsPerMs: number): string {
  // The Web UI shows about six rows at once.
  const rows: [string, string][] = [
    ...(view.report ? reportRows(view.report) : describeProgress(view)),
    ['Audience', `${input.audience.name} (${input.audience.id})`],
  ];
  return [
    `**${inMarkdown(headline(view, rowsPerMs))}**`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${inMarkdown(name)} | ${inMarkdown(value)} |`),
  ].join('\n');
}

function headline(view: ExportView, rowsPerMs: number): string {
  if (view.report)
    return [describeStatus(view.report), describeFailure(view.report)].filter(Boolean).join(' ');
  const state = describeState(view);
  const progress = progressOf(view);
  if (state !== PHASE.delivering || !progress) return state;
  const { done, total } = progress;
  return `${state}: ${count(done)} of ${count(total)} changes done${timeLeft(progress, rowsPerMs)}`;
}

/** By the rate of the lane: the canary before it is slow by its nature. */
function timeLeft({ done, total }: Progress, rowsPerMs: number): string {
  if (rowsPerMs === 0 || done >= total) return '';
  const minutes = Math.ceil((total - done) / rowsPerMs / 60_000);
  return `, about ${minutes} min left`;
}

function reportRows(report: ExportReport): [string, string][] {
  const result = describeResult(report);
  const time: [string, string] = ['Time', `${Math.round(report.durationMs / 1000)} s`];
  return [...result, ...tagRows(report, ROWS - result.length - 2), time];
}

/** If the tags exceed the room, the last row says how many are left out. */
function tagRows({ segments, omittedSegments = 0 }: ExportReport, room: number): [string, string][] {
  const all = segments.length + omittedSegments;
  const shown = all > room ? segments.slice(0, Math.max(room - 1, 0)) : segments;
  const rows = shown.map(({ name, tagged, untagged, failed, notSent = 0 }): [string, string] => [
    `Tag ${name}`,
    `${count(tagged)} tagged, ${count(untagged)} untagged, ${count(failed)} failed` +
      (notSent > 0 ? `, ${count(notSent)} not sent` : ''),
  ]);
  return shown.length < all ? [...rows, ['Tags', `${all - shown.length} more`]] : rows;
}

/**
 * Escapes text for a cell, a bold line or a summary of the Web UI, which renders Markdown. Names come from users and from Mailchimp:
 * they must not break the table, nor become a link, an image or HTML.
 */
export function inMarkdown(text: string): string {
  return text
    .replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu, ' ')
    .trim()
    .replaceAll('|', '/')
    .replaceAll(/[\\`*[\]<>]/g, String.raw`\$&`)
    .replaceAll(COMMAND, '`$&`');
}

/** A command with its options, or an option alone: outside a code span, the Web UI makes one dash of two. */
const COMMAND =
  /(?<![\w-])(?:temporal-mailchimp(?: [a-z0-9][\w-]*){1,3}(?: --[a-z][\w-]*(?: [\w-]+)?)*|--[a-z][a-z-]*)/g;
