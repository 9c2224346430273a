import type { Change, Counted, Counts } from './world';

/** Members by status, and pairs of address and tag. */
export function count(
  { memberStatuses, pairs }: Counts,
  { gains }: Change,
  { sent, off, status }: Counted,
): void {
  const add = (tag: string, how: string) => {
    pairs[tag] ??= { tagged: 0, untagged: 0, failed: 0, notSent: 0 };
    pairs[tag][how]! += 1;
  };
  if (sent === 'acknowledged') memberStatuses[status] = (memberStatuses[status] ?? 0) + 1;
  for (const tag of gains) add(tag, nameOf(sent, 'tagged'));
  for (const [tag, result] of off) add(tag, nameOf(result, 'untagged'));
}

function nameOf(result: string | null, done: string): string {
  if (result === 'acknowledged') return done;
  return result === 'not_sent' ? 'notSent' : 'failed';
}
