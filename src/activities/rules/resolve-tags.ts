import type { Configuration } from '../../contract/destination';
import type { MailchimpAccount, Tag } from '../../ports/mailchimp';
import type { SegmentTag } from '../../contract/plan';
import { isSameTag } from '../../contract/tag-name';
import { ExportError } from '../../errors';

type Configured = Configuration['segments'][number];

interface Audience {
  readonly account: MailchimpAccount;
  readonly audienceId: string;
  /** Ids of the tags that exports of the destination created. */
  readonly own: () => Promise<readonly number[]>;
}

interface Resolving extends Audience {
  readonly configured: readonly Configured[];
  /** All tags of the audience. */
  readonly tags: readonly Tag[];
}

/**
 * Finds the tag of each segment by its id, also after a rename in Mailchimp. A tag that does not exist yet, or was deleted, is found by its
 * name only when an export of this destination created it, or when no member carries it: an export that failed before it recorded the tag
 * may have created it.
 * @throws ExportError TAG_TAKEN when another tag has the name
 */
export async function resolveTags(
  configured: readonly Configured[],
  audience: Audience,
): Promise<SegmentTag[]> {
  const tags = await audience.account.tags(audience.audienceId);
  const byIds = new Map(tags.map((tag) => [tag.id, tag]));
  const resolving = { ...audience, configured, tags };
  const resolved: SegmentTag[] = [];
  for (const segment of configured) {
    const own = segment.tagId === null ? undefined : byIds.get(segment.tagId);
    resolved.push(own ? byId(own, segment, resolving) : await byName(segment, resolving));
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

async function byName({ segment, tag, tagId }: Configured, resolving: Resolving): Promise<SegmentTag> {
  const holder = resolving.tags.find(({ name }) => isSameTag(name, tag));
  if (holder && !(await mayTake(holder, resolving))) throw taken(holder, segment);
  const found = holder
    ? { segment, tag: holder.name, tagId: holder.id, isFound: true }
    : { segment, tag, tagId: null };
  return tagId === null ? found : { ...found, isRestored: true };
}

async function mayTake({ id }: Tag, { account, audienceId, configured, own }: Resolving): Promise<boolean> {
  if (configured.some(({ tagId }) => tagId === id)) return false;
  return (await own()).includes(id) || !(await account.isTagCarried(audienceId, id));
}

function taken({ name }: Tag, segment: string): ExportError {
  return new ExportError(
    'TAG_TAKEN',
    `Nothing was sent: the segment ${segment} would become the tag "${name}", which now exists in the audience and may belong to ` +
      'another tool. Configure another tag for the segment, or allow existing tags with --adopt-tags: members that carry it now keep it.',
  );
}
