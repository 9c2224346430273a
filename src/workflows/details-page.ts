import { temporalScheduleId } from '../contract/identifiers';
import { schedulePath, workflowPath, type WorkflowPage } from '../text/web-ui';

/** Rows of a page below its first line: the Web UI shows few at once. */
export const MAX_ROWS = 8;

/** A page of the Web UI's current details: Markdown with one bold line and one GFM table. Everything is Markdown already. */
export function detailsPage(headline: string, rows: readonly (readonly [string, string])[]): string {
  return [
    `**${headline}**`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n');
}

/** A link to the page of a schedule, with its name. */
export function linkToSchedule(name: string, namespace: string): string {
  return `[${inMarkdown(name)}](${schedulePath(namespace, temporalScheduleId(name))})`;
}

/** A link to the page of a workflow, with plain text. */
export function linkTo(text: string, page: WorkflowPage): string {
  return `[${inMarkdown(text)}](${workflowPath(page)})`;
}

/**
 * Escapes text for a cell, a bold line or a summary of the Web UI, which renders Markdown. Names come from users and from Mailchimp:
 * they must not break the table, nor become a link, an image or HTML.
 */
export function inMarkdown(text: string): string {
  return text
    .replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu, ' ')
    .trim()
    .replaceAll('|', '/')
    .replaceAll(/[\\`*[\]<>]/g, String.raw`\$&`)
    .replaceAll(COMMAND, '`$&`');
}

/** A command with its options, or an option alone: outside a code span, the Web UI makes one dash of two. */
const COMMAND =
  /(?<![\w-])(?:temporal-mailchimp(?: [a-z0-9][\w-]*){1,3}(?: --[a-z][\w-]*(?: [\w-]+)?)*|--[a-z][a-z-]*)/g;
