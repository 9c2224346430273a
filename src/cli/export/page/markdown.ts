import { printable } from '../../text/printable';
import { sectionsOf, summaryOf, titleOf, type PageFacts, type Section } from './sections';

/** The report as Markdown: headings, sentences and tables. */
export function toMarkdown(facts: PageFacts): string {
  return [
    `# ${inline(titleOf(facts))}`,
    ...summaryOf(facts).map(inline),
    ...sectionsOf(facts).map(sectionText),
  ].join('\n\n');
}

function sectionText({ title, lines, head, rows }: Section): string {
  const row = (cells: readonly string[]) => `| ${cells.map(inline).join(' | ')} |`;
  const table =
    rows.length === 0 ? [] : [[row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')];
  return [`## ${inline(title)}`, ...lines.map(inline), ...table].join('\n\n');
}

/** Text from outside: on one line, and no markup of its own. */
function inline(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim()).replaceAll(/[\\`*_[\]<>|#&]/g, (char) =>
    char === '<' ? '&lt;' : char === '&' ? '&amp;' : `\\${char}`,
  );
}
