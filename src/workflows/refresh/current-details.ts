import {
  describeRefresh,
  describeRefreshed,
  needingAttention,
  type RefreshProgress,
} from '../../text/describe-refresh';
import { inMarkdown } from '../details-page';

/** Lines for destinations: the Web UI shows few at once. */
const MOST = 8;

/** The refresh's page in the Web UI: what is decided first, then those that need a person. */
export function describeInMarkdown(progress: RefreshProgress): string {
  const needing = needingAttention(progress.destinations);
  const more = needing.length - MOST;
  const lines = needing
    .slice(0, MOST)
    .map((one) => `- **${inMarkdown(one.destinationId)}** ${inMarkdown(describeRefreshed(one))}`);
  return [
    `**${inMarkdown(describeRefresh(progress))}**`,
    ...(lines.length > 0 ? ['', ...lines] : []),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join('\n');
}
