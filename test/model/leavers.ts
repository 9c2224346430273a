import { OUT } from './selection';
import type { Change, Held, Subject, World } from './world';

// Which leavers are archived, and what is remembered of them.

/** Who had what status when the export read the audience, which ones we had archived before, and which ones it has archived. */
interface Seen {
  readonly listed: ReadonlyMap<string, string>;
  readonly ours: ReadonlySet<string>;
  readonly fresh: Set<string>;
}

export function look({ members, held }: World): Seen {
  return {
    listed: new Map([...members].map(([address, { status }]) => [address, status])),
    ours: new Set([...held].flatMap(([address, { isOurs }]) => (isOurs ? [address] : []))),
    fresh: new Set(),
  };
}

/** It has left all segments, and keeps its tags. */
export function staysTagged(
  { config }: World,
  { profile, isSuppressed }: Pick<Subject, 'profile' | 'isSuppressed'>,
): boolean {
  return profile === null && config.leavers === 'keep' && !isSuppressed;
}

interface Leaver {
  /** No profile has the address, not even an invalid one, and it is not withheld. */
  readonly isLeaver: boolean;
  readonly loses: ReadonlySet<string>;
  readonly was: Held;
  /** Its status. */
  readonly now: string;
}

/** Whether it is to be archived, or why not. */
export function fateOf(
  { config }: World,
  { isLeaver, loses, was, now }: Leaver,
): Pick<Change, 'isArchived' | 'notArchived'> {
  const isChosen = config.leavers === 'archive' && isLeaver;
  const isArchived = isChosen && was.isCreated && !OUT.includes(now);
  const why = was.isCreated ? (now === 'archived' ? 'already_archived' : 'opted_out') : 'not_created';
  return { isArchived, notArchived: isChosen && !isArchived && loses.size > 0 ? why : null };
}

/** Of the request that archives, beside the other results of the contact. */
export function resultOf(archived: string | null): readonly string[] {
  if (archived === null) return [];
  return [archived === 'unproven' || archived === 'not_sent' ? archived : 'acknowledged'];
}

/** The outcome of one that has left, once all is acknowledged. */
export function leftAs(archived: string | null, { notArchived }: Change): string {
  if (archived === 'archived') return archived;
  const why = archived ?? notArchived;
  return why === null ? 'removed' : `removed ${why}`;
}

/** Of a member that has opted out since, it no longer counts that we created it; nor that we archived it, once it was out of the archive. */
export function withoutOptOuts({ held }: World, { listed, ours, fresh }: Seen): void {
  for (const [address, known] of held) {
    const status = listed.get(address) ?? '';
    const isInArchive = fresh.has(address) || status === 'archived';
    known.isOurs = known.isOurs && isInArchive;
    const isOptOut =
      OUT.includes(status) && !fresh.has(address) && !(ours.has(address) && status === 'archived');
    known.isCreated = known.isCreated && !isOptOut;
  }
}
