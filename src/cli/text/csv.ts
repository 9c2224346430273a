import { printableLines } from './printable';

/** A spreadsheet takes such a text for a formula, and runs it. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/;

/**
 * RFC 4180 with line feeds: a header, then a line a row; null is empty. No line feed at the end. For spreadsheets: an apostrophe
 * stands before what would be taken for a formula, and control characters are replaced. JSON has the texts as they are.
 */
export function toCsv(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  return [head, ...rows].map((row) => row.map(toField).join(',')).join('\n');
}

function toField(value: string | number | null): string {
  const plain = printableLines(String(value ?? ''));
  const text = FORMULA.test(plain) && !NUMBER.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
