/** What moves a terminal's cursor, breaks a line, or turns the direction of writing: it could show something else than is there. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu;

/** Text of a row or a name comes from anywhere: it must not move the cursor or break the table. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, '\u{FFFD}');
}

/** The same, where line breaks and tabs are meant. */
export function printableLines(text: string): string {
  return text.replaceAll(CONTROLS, (char) => (/[\r\n\t]/.test(char) ? char : '\u{FFFD}'));
}

/** The same document as ever, with the characters escaped that JSON would let through. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(CONTROLS, (char) =>
    char === '\n' ? char : String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
