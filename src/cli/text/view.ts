import type { ExportView } from '../../contract/export';
import { progressOf } from '../../text/progress';
import { describeProgress, describeState } from '../../text/describe-export';
import { count, instant } from './numbers';
import { pairs } from './table';

/** What `export show` tells of an export that still runs. */
export function describeView(view: ExportView): string {
  const { number, ref, startedAt } = view;
  const progress = progressOf(view);
  return [
    `Export ${number} of ${ref.destinationId}: ${describeState(view)}`,
    pairs([
      ['Export', ref.exportId],
      ['Started', instant(startedAt)],
      ...(progress
        ? ([['Changes', `${count(progress.done)} of ${count(progress.total)} done`]] as const)
        : []),
      ...describeProgress(view),
    ]),
  ].join('\n\n');
}
