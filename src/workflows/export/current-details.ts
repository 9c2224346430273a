import type { ExportInput, ExportView } from '../../contract/export';
import { destinationWorkflowId } from '../../contract/identifiers';
import type { ExportReport } from '../../contract/report';
import {
  describeFailure,
  describeStatus,
  describeProgress,
  describeResult,
  describeState,
  PHASE,
} from '../../text/describe-export';
import { count, listOf } from '../../text/format';
import { progressOf, type Progress } from '../../text/progress';
import { detailsPage, inMarkdown, linkTo, MAX_ROWS } from '../details-page';

const MAX_RESULT_ROWS = 6;

/** The export's page in the Web UI, worded as on the command line, the decisive line first. Counts, ids and names only. */
export function describeExport(
  view: ExportView,
  input: ExportInput,
  { rowsPerMs, namespace }: { readonly rowsPerMs: number; readonly namespace: string },
): string {
  const { ref, destinationName, audience, configuration, trigger, requestedBy } = input;
  const workflowId = destinationWorkflowId(ref.destinationId);
  const segments = listOf(configuration.segments.map(({ segment }) => segment));
  const rows = view.report
    ? reportRows(view.report)
    : [...progressRows(view), ['Segments', segments] as const];
  const destination = linkTo(destinationName, { namespace, workflowId });
  return detailsPage(inMarkdown(headline(view, rowsPerMs)), [
    ...rows.map(([name, value]) => [inMarkdown(name), inMarkdown(value)] as const),
    [
      'Destination',
      `${destination}, audience ${inMarkdown(`${audience.name} (${audience.id})`)}` +
        (requestedBy === undefined
          ? ''
          : `, started by ${linkTo(trigger, { namespace, workflowId: requestedBy })}`),
    ],
  ]);
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

/** The most important ones; the command line has all. */
function progressRows(view: ExportView): [string, string][] {
  return describeProgress(view).slice(0, MAX_ROWS - 2);
}

function reportRows(report: ExportReport): [string, string][] {
  const result = describeResult(report).slice(0, MAX_RESULT_ROWS);
  return [...result, ...tagRows(report, MAX_ROWS - 1 - result.length)];
}

/** If the tags exceed the room, the last row says how many are left out. */
function tagRows({ segments, omittedSegments = 0 }: ExportReport, room: number): [string, string][] {
  const all = segments.length + omittedSegments;
  const shown = all > room ? segments.slice(0, Math.max(room - 1, 0)) : segments;
  const rows = shown.map((of): [string, string] => [
    of.name === of.segment ? `Tag ${of.name}` : `Tag ${of.name} (segment ${of.segment})`,
    `${count(of.tagged)} tagged, ${count(of.untagged)} untagged, ${count(of.failed)} failed` +
      ((of.notSent ?? 0) > 0 ? `, ${count(of.notSent!)} not sent` : ''),
  ]);
  return shown.length < all ? [...rows, ['Tags', `${all - shown.length} more`]] : rows;
}
