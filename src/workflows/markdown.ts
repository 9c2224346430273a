/**
 * Text in a cell, a bold line or a summary of the Web UI, which reads Markdown. Names come from Mailchimp and from people: one must
 * not break the table, and never be a link, an image or HTML.
 */
export function inMarkdown(text: string): string {
  return text
    .replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu, ' ')
    .trim()
    .replaceAll('|', '/')
    .replaceAll(/[\\`*[\]<>]/g, String.raw`\$&`);
}
