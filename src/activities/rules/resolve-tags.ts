import type { Configuration } from '../../contract/destination';
import type { MailchimpAccount, Tag } from '../../ports/mailchimp';
import type { SegmentTag } from '../../contract/plan';
import { isSameTag } from '../../contract/tag-name';
import { ExportError } from '../../errors';

type Configured = Configuration['segments'][number];

interface Resolving {
  readonly audienceId: string;
  readonly configured: readonly Configured[];
  /** All tags of the audience, as they are now. */
  readonly tags: readonly Tag[];
}

/**
 * Finds each segment's tag by Mailchimp's id, whatever it is called by now. A tag that was not made yet, or is gone, is found by name
 * only if nobody carries it: an export that died before it sent anything may have left it behind.
 * @throws ExportError TAG_TAKEN where the name belongs to somebody else by now
 */
export async function resolveTags(
  account: MailchimpAccount,
  { audienceId, configuration }: { readonly audienceId: string; readonly configuration: Configuration },
): Promise<SegmentTag[]> {
  const resolving = {
    audienceId,
    configured: configuration.segments,
    tags: await account.tags(audienceId),
  };
  const resolved: SegmentTag[] = [];
  for (const segment of configuration.segments) {
    const own = resolving.tags.find(({ id }) => id === segment.tagId);
    resolved.push(own ? byId(own, segment, resolving) : await byName(account, segment, resolving));
  }
  return resolved;
}

/** Renamed here: it is to have the new name. Renamed in Mailchimp by somebody: that name is followed. */
function byId(own: Tag, { segment, tag, knownAs }: Configured, { tags }: Resolving): SegmentTag {
  const isRenamedHere = knownAs !== null && tag !== knownAs;
  if (!isRenamedHere || own.name === tag) return { segment, tag: own.name, tagId: own.id };
  const holder = tags.find(({ id, name }) => id !== own.id && isSameTag(name, tag));
  if (holder) throw taken(holder, segment);
  return { segment, tag, tagId: own.id, isRenamed: true };
}

async function byName(
  account: MailchimpAccount,
  { segment, tag, tagId }: Configured,
  { audienceId, configured, tags }: Resolving,
): Promise<SegmentTag> {
  const holder = tags.find(({ name }) => isSameTag(name, tag));
  const isOurs = configured.some((other) => holder && other.tagId === holder.id);
  if (holder && (isOurs || (await account.isTagCarried(audienceId, holder.id)))) throw taken(holder, segment);
  const found = holder
    ? { segment, tag: holder.name, tagId: holder.id, isFound: true }
    : { segment, tag, tagId: null };
  return tagId === null ? found : { ...found, isRestored: true };
}

function taken({ name }: Tag, segment: string): ExportError {
  return new ExportError(
    'TAG_TAKEN',
    `Nothing was sent: the segment ${segment} would become the tag "${name}", which the audience has by now and which may belong to ` +
      'another tool. Configure another tag for the segment, or allow existing tags with --adopt-tags: people who carry it now keep it.',
  );
}
