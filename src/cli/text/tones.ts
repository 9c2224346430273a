import type { ExportView } from '../../contract/export';
import type { ExportStatus } from '../../contract/report';
import { toned, type Page, type Tone } from './page';

/** A plan is neither good nor bad. */
export const STATUS_TONE: Readonly<Record<ExportStatus, Tone | undefined>> = {
  completed: 'good',
  planned: undefined,
  replanned: undefined,
  cancelled: 'warning',
  denied: 'warning',
  expired: 'warning',
  failed: 'bad',
};

const STATE_TONE: Readonly<Record<ExportView['state']['kind'], Tone | undefined>> = {
  running: undefined,
  paused: 'warning',
  waiting: 'warning',
  held: 'warning',
  cancelling: 'warning',
  stopped: 'bad',
};

/** The line of `describeState`, its first word in the colour of the state. */
export function tonedState(page: Page, { state }: Pick<ExportView, 'state'>, line: string): string {
  const tone = STATE_TONE[state.kind];
  return tone ? line.replace(/^\w+/, (word) => toned(page, tone, word)) : line;
}

/** Lines that begin with "Warning:" get its colour. */
export function tonedWarnings(page: Page, lines: string): string {
  return lines.replaceAll(/^Warning:/gm, (word) => toned(page, 'warning', word));
}
