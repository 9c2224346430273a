import { printableLines } from './printable';

/**
 * A spreadsheet reads text that starts with these characters as a formula and runs it, also after blanks. It may begin a cell after
 * another separator than the comma, or after a line break, by its settings.
 */
const FORMULA = /(?<=^|[;\t\r\n])(?=[\s\u200B\uFEFF]*[=+\-@＝＋－＠]|[\t\r])/g;
const NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/;

/**
 * RFC 4180 with line feeds: a header, then one line per row; null is empty. No line feed at the end. For spreadsheets, an apostrophe
 * precedes text that would be read as a formula, and control characters are replaced. JSON has the texts unchanged.
 */
export function toCsv(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  return [head, ...rows].map((row) => row.map(toField).join(',')).join('\n');
}

function toField(value: string | number | null): string {
  const plain = printableLines(String(value ?? ''));
  const text = NUMBER.test(plain) ? plain : plain.replaceAll(FORMULA, "'");
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
