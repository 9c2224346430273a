import Table from 'cli-table3';
import stringWidth from 'string-width';
import { fitColumns, GAP } from './fit-columns';
import { toned, type Page, type Tone } from './page';
import { printable } from './printable';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(GAP),
};

/** Texts are cut to this width at least; their headings are never cut. */
const LEAST_WIDTH = 10;

/** A heading; `optional`: on a narrow terminal, its column is dropped before another one is cut. */
type Heading = string | { readonly optional: string };
/** Null: empty. */
export type Cell = string | number | null | { readonly text: string; readonly tone: Tone | undefined };

interface Column {
  readonly name: string;
  readonly isOptional: boolean;
  readonly isNumber: boolean;
  readonly cells: readonly { readonly text: string; readonly tone: Tone | undefined }[];
}

/**
 * Columns without borders. Numbers are aligned to the right. On a terminal no line is longer than the page: cells are cut, with `…`
 * at the end, and columns that have no room are dropped. In a pipe everything is complete.
 */
export function table(head: readonly Heading[], rows: readonly (readonly Cell[])[], page: Page): string {
  const all = head.map((heading, index) =>
    columnOf(
      heading,
      rows.map((row) => row[index] ?? null),
    ),
  );
  const widths = fitColumns(all.map(naturalOf), page.columns ?? Infinity);
  const columns = all.filter((_, index) => widths[index]! > 0);
  const output = new Table({
    head: columns.map(({ name }) => toned(page, 'heading', name)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    colWidths: widths.filter((width) => width > 0),
  });
  output.push(
    ...rows.map((_, row) =>
      columns.map(({ cells }) => {
        const { text, tone } = cells[row]!;
        return tone ? toned(page, tone, text) : text;
      }),
    ),
  );
  return trimLines(output.toString());
}

function columnOf(heading: Heading, values: readonly Cell[]): Column {
  const cells = values.map((value) => {
    const { text, tone } =
      typeof value === 'object' && value ? value : { text: value ?? '', tone: undefined };
    return { text: printable(String(text)), tone };
  });
  return {
    name: typeof heading === 'string' ? heading : heading.optional,
    isOptional: typeof heading === 'object',
    isNumber: cells.length > 0 && cells.every(({ text }) => /^[\d,]*$/.test(text)),
    cells,
  };
}

function naturalOf({ name, cells, isNumber, isOptional }: Column) {
  // An empty column still separates its neighbours.
  const width = cells.reduce(
    (most, { text }) => Math.max(most, stringWidth(text)),
    Math.max(1, stringWidth(name)),
  );
  const least = isNumber ? width : Math.min(width, Math.max(stringWidth(name), LEAST_WIDTH));
  return { width, least, isOptional };
}

/** Names with their values, one per line. On a terminal, long values continue below their first word. */
export function pairs(rows: readonly (readonly [string, string])[], page: Page): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const indent = ' '.repeat(width + GAP);
  return rows
    .map(([name, value]) => {
      const lines = value
        .split('\n')
        .flatMap((line) => wrapped(line, (page.columns ?? Infinity) - indent.length));
      return `${name.padEnd(width)}${' '.repeat(GAP)}${lines.join(`\n${indent}`)}`;
    })
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Breaks a line at spaces. A word that is longer than the line stays whole, so that it can be copied. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
