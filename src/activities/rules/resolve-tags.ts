import type { Configuration } from '../../contract/destination';
import type { MailchimpAccount, Tag } from '../../ports/mailchimp';
import type { SegmentTag } from '../../contract/plan';
import { isSameTag } from '../../contract/tag-name';
import { ExportError } from '../../errors';

type Configured = Configuration['segments'][number];

interface Resolving {
  readonly audienceId: string;
  readonly configured: readonly Configured[];
  /** All tags of the audience. */
  readonly tags: readonly Tag[];
}

/**
 * Finds the tag of each segment by its id, also after a rename in Mailchimp. A tag that does not exist yet, or was deleted, is found by its
 * name only when no member carries it: an export that failed before it sent anything may have created it.
 * @throws ExportError TAG_TAKEN when another tag has the name
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

/** A name that was changed in the configuration is applied; one that was changed in Mailchimp is followed. */
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
    `Nothing was sent: the segment ${segment} would become the tag "${name}", which now exists in the audience and may belong to ` +
      'another tool. Configure another tag for the segment, or allow existing tags with --adopt-tags: members that carry it now keep it.',
  );
}
