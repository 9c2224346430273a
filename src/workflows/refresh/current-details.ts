import { destinationWorkflowId, exportWorkflowId } from '../../contract/identifiers';
import type { RefreshedDestination } from '../../contract/refresh';
import {
  describeRefresh,
  describeRefreshed,
  needingAttention,
  type RefreshProgress,
} from '../../text/describe-refresh';
import { inMarkdown, linkTo, MAX_ROWS } from '../details-page';

interface OpenExport {
  readonly destinationId: string;
  readonly number: number;
}

export interface ShownRefresh extends Omit<RefreshProgress, 'running'> {
  readonly open: readonly OpenExport[];
  readonly namespace: string;
}

/**
 * The refresh's page in the Web UI: what is decided first, then those that need a person, then those that run, then the others. With links to
 * destinations and their exports.
 */
export function describeInMarkdown({ open, namespace, ...progress }: ShownRefresh): string {
  const { destinations } = progress;
  const needing = needingAttention(destinations);
  const others = destinations.filter((one) => !needing.includes(one));
  const lines = [
    ...needing.map((one) => () => lineOf(one, describeRefreshed(one), namespace)),
    ...open.map((one) => () => lineOf(one, `runs${exportOf(one)}`, namespace)),
    ...others.map((one) => () => lineOf(one, describeRefreshed(one), namespace)),
  ];
  const shown = lines.length > MAX_ROWS ? lines.slice(0, MAX_ROWS - 1) : lines;
  const more = lines.length - shown.length;
  return [
    `**${inMarkdown(describeRefresh({ ...progress, running: open.length }))}**`,
    ...(lines.length > 0 ? ['', ...shown.map((line) => line())] : []),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join('\n');
}

type Line = Pick<RefreshedDestination, 'destinationId' | 'number'>;

function lineOf(one: Line, words: string, namespace: string): string {
  const { destinationId } = one;
  const destination = linkTo(destinationId, { namespace, workflowId: destinationWorkflowId(destinationId) });
  // All exports of a destination have one workflow id: the link shows the latest.
  const page = { namespace, workflowId: exportWorkflowId(destinationId) };
  const what = inMarkdown(words).replace(exportOf(one), () => ` (${linkTo(`export ${one.number}`, page)})`);
  return `- **${destination}** ${what}`;
}

/** As `describeRefreshed` says it. */
function exportOf({ number }: Line): string {
  return ` (export ${number})`;
}
