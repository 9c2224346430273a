import { structuredPatch } from 'diff';
import { toned, type Page } from './page';

/** A line of a difference: the same in both, only in the earlier text, or only in the later one. */
interface DifferenceLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** The lines that change, each place with this many lines around it. Empty: nothing does. */
export function differenceOf(
  before: string,
  after: string,
  around: number,
): readonly (readonly DifferenceLine[])[] {
  const kinds = { '-': 'removed', '+': 'added' } as const;
  return structuredPatch('', '', before, after, '', '', { context: around }).hunks.map(({ lines }) =>
    lines
      // "No newline at end of file" is no line.
      .filter((line) => !line.startsWith('\\'))
      .map((line) => ({ kind: kinds[line[0] as '-' | '+'] ?? 'same', text: line.slice(1) })),
  );
}

interface ChangedLine {
  readonly change: 'removed' | 'added';
  readonly line: string;
}

/** The lines that only one of two texts has, in their order. */
export function changedLines(before: string, after: string): readonly ChangedLine[] {
  return differenceOf(before, after, 0)
    .flat()
    .flatMap(({ kind, text }) => (kind === 'same' ? [] : [{ change: kind, line: text }]));
}

/**
 * With what is around each change: a changed line of a list says nothing without its name.
 * @param around lines on each side. Default: all
 */
export function describeDifference(
  { before, after }: { readonly before: string; readonly after: string },
  page: Page,
  around = Infinity,
): string {
  return differenceOf(before, after, around)
    .map((place) => place.map((line) => describeLine(line, page)).join('\n'))
    .join('\n  …\n');
}

function describeLine({ kind, text }: DifferenceLine, page: Page): string {
  if (kind === 'added') return toned(page, 'good', `+ ${text}`);
  return kind === 'removed' ? toned(page, 'bad', `- ${text}`) : `  ${text}`;
}
