import type { ExportInput, ExportPhase, ExportView } from '../contract/export';
import { MEMBER_STATUSES, OUTCOMES } from '../contract/outcome';
import { progressOf, type Progress } from '../contract/progress';
import type { ExportReport } from '../contract/report';
import { inMarkdown } from './markdown';

const PHASES: Record<ExportPhase, string> = {
  preflight: 'Checking account, audience and tags',
  census: 'Reading who is in the audience',
  snapshot: 'Reading the source',
  planning: 'Working out what has changed',
  delivering: 'Delivering',
  settling: 'Settling: one outcome for every profile',
  completed: 'Completed',
  planned: 'Planned: nothing was sent',
  cancelled: 'Cancelled',
  failed: 'Failed',
};

/** Rows of the page for tags: with more of them, the last says how many. */
const TAGS_SHOWN = 5;

/** The page that people see in the Web UI: the decisive line first. Markdown with one GFM table; counts only. */
export function describeExport(view: ExportView, input: ExportInput, deliveringMs: number): string {
  // The Web UI shows about six rows of it at once.
  const rows = [
    ...(view.report ? describeReport(view.report) : describePlan(view)),
    ['Audience', `${inMarkdown(input.audience.name)} (${input.audience.id})`],
  ];
  return [
    `**${headline(view, deliveringMs)}**`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n');
}

function headline(view: ExportView, deliveringMs: number): string {
  const resume = `temporal-mailchimp export resume ${view.ref.destinationId}`;
  if (view.stopped)
    return `Stopped: ${view.stopped.code}. ${inMarkdown(view.stopped.message)} Then resume it: ${resume}`;
  if (view.waiting)
    return `Waiting: ${view.waiting.code}. ${inMarkdown(view.waiting.message)} It goes on by itself.`;
  if (view.isPaused)
    return `Paused. Batches at Mailchimp finish and are read; nothing new is sent until: ${resume}`;
  const progress = progressOf(view);
  if (view.phase !== 'delivering' || !progress) return PHASES[view.phase];
  const { done, total } = progress;
  return `${PHASES.delivering}: ${count(done)} of ${count(total)} changes done${timeLeft(progress, deliveringMs)}`;
}

function timeLeft({ done, total }: Progress, elapsedMs: number): string {
  if (done === 0 || done >= total) return '';
  const minutes = Math.ceil(((elapsedMs / done) * (total - done)) / 60_000);
  return `, about ${minutes} min left`;
}

function describePlan(view: ExportView): string[][] {
  const { plan, parts, refused, unproven, requests, batches, lane } = view;
  if (!plan) return [];
  return [
    ['Profiles', `${count(plan.selected)} selected, ${count(plan.departed)} departed`],
    [
      'To send',
      `${count(plan.creates)} new, ${count(plan.updates)} changed, ${count(plan.removals)} to untag`,
    ],
    ['Not to send', describeCounts(plan.decided, OUTCOMES)],
    [
      'Parts',
      `${parts.done} done, ${parts.submitted - parts.done} at Mailchimp, ${parts.total - parts.submitted} to go`,
    ],
    ['So far', `${count(refused)} refused, ${count(unproven)} without proof`],
    ...(lane ? [['Lane', `${lane.current}: ${inMarkdown(lane.why)}`]] : []),
    ['Requests', `${count(requests)} (${batches} batches)`],
  ];
}

function describeReport(report: ExportReport): string[][] {
  const { selected, departed, outcomes, reach, segments, durationMs } = report;
  const shown = segments.length > TAGS_SHOWN ? segments.slice(0, TAGS_SHOWN - 1) : segments;
  return [
    ['Profiles', `${count(selected)} selected, ${count(departed)} departed`],
    ['Outcomes', describeCounts(outcomes, OUTCOMES)],
    ['Reach', describeCounts(reach, MEMBER_STATUSES)],
    ...shown.map(({ name, tagged, untagged, failed }) => [
      `Tag ${inMarkdown(name)}`,
      `${count(tagged)} tagged, ${count(untagged)} untagged, ${count(failed)} failed`,
    ]),
    ...(shown.length < segments.length ? [['Tags', `${segments.length - shown.length} more`]] : []),
    ['Time', `${Math.round(durationMs / 1000)} s`],
  ];
}

function describeCounts<Name extends string>(counts: Record<Name, number>, names: readonly Name[]): string {
  const counted = names.filter((name) => counts[name] > 0);
  return counted.map((name) => `${count(counts[name])} ${name}`).join(', ') || 'nobody';
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
