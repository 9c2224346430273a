import type { Page } from './page';

/** Characters that move the cursor, break a line or change the writing direction: a terminal would show other text than the value. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu;

/** What `toned` adds. A name could contain the same codes, which at most colours it. */
// oxlint-disable-next-line no-control-regex -- the escape character itself is meant
const TONES = /(\u001B\[(?:1|22|31|32|33|39)m)/;

/** For text of rows and names, which comes from outside: it must not move the cursor or break a table. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, '\u{FFFD}');
}

/** Like `printable`, but keeps line breaks and tabs. */
export function printableLines(text: string): string {
  return text.replaceAll(CONTROLS, (char) => (/[\r\n\t]/.test(char) ? char : '\u{FFFD}'));
}

/** Like `printableLines`, but keeps the tones of a page with colours. */
export function printableOn({ isColoured }: Page, text: string): string {
  if (!isColoured) return printableLines(text);
  const parts = text.split(TONES);
  return parts.map((part) => (TONES.test(part) ? part : printableLines(part))).join('');
}

/** JSON with these characters escaped; JSON.stringify leaves some of them as they are. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(CONTROLS, (char) =>
    char === '\n' ? char : String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
