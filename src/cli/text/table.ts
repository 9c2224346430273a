import Table from 'cli-table3';
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
  middle: '  ',
};

/** Columns without borders or colours, so that the output can be piped. Numbers are aligned to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const isNumber = (column: number) =>
    rows.length > 0 && rows.every((row) => /^[\d,]*$/.test(String(row[column] ?? '')));
  const output = new Table({
    head: [...head],
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (isNumber(column) ? 'right' : 'left')),
  });
  output.push(...rows.map((row) => row.map((cell) => printable(String(cell ?? '')))));
  return trimLines(output.toString());
}

/** Names with their values, one per line. */
export function pairs(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, value]) => `${name.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`)
    .map((line) => line.trimEnd())
    .join('\n');
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
