import type { ExportPhase, ExportView } from '../../contract/export';
import { progressOf } from '../../contract/progress';
import { count, countOf, instant } from './numbers';
import { pairs } from './table';

const PHASE: Readonly<Record<ExportPhase, string>> = {
  preflight: 'Checking account, audience and tags',
  census: 'Reading who is in the audience',
  snapshot: 'Reading the source',
  planning: 'Working out what has changed',
  delivering: 'Delivering',
  settling: 'Settling: one outcome for every profile',
  completed: 'Completed',
  planned: 'Planned',
  cancelled: 'Cancelled',
  failed: 'Failed',
};

/** What an export does now, or why it does nothing; one line. */
export function describeState({ phase, isPaused, waiting, stopped, ref }: ExportView): string {
  const { destinationId } = ref;
  if (stopped) {
    return `Stopped: ${stopped.code}. ${oneLine(stopped.message)} Then: temporal-mailchimp export resume ${destinationId}`;
  }
  if (waiting) return `Waiting: ${waiting.code}. ${oneLine(waiting.message)} It goes on by itself.`;
  if (isPaused) {
    return `Paused: batches at Mailchimp finish, nothing new is sent until: temporal-mailchimp export resume ${destinationId}`;
  }
  return PHASE[phase];
}

/** What `export show` tells of an export that still runs. */
export function describeView(view: ExportView): string {
  const { n, ref, startedAt, plan, parts, refused, unproven, requests, batches } = view;
  const progress = progressOf(view);
  return [
    `Export ${n} of ${ref.destinationId}: ${describeState(view)}`,
    pairs([
      ['Export', ref.exportId],
      ['Started', instant(startedAt)],
      ...(plan && progress
        ? ([
            ['Profiles', `${count(plan.selected)} selected, ${count(plan.departed)} departed`],
            ['Changes', `${count(progress.done)} of ${count(progress.total)} done`],
            [
              'Parts',
              `${parts.done} done, ${parts.submitted - parts.done} at Mailchimp, ${parts.total - parts.submitted} to go`,
            ],
            ['So far', `${count(refused)} refused, ${count(unproven)} without proof`],
          ] as const)
        : []),
      ['Requests', `${count(requests)}, ${countOf(batches, 'batch', 'batches')}`],
    ]),
  ].join('\n\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
