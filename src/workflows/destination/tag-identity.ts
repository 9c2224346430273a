import type { CheckedSegment } from '../../activities/check-configuration';
import type { Configuration } from '../../contract/destination';
import { isPlanned, type ExportReport } from '../../contract/report';
import { isSameTag } from '../../contract/tag-name';
import { ExportError } from '../../errors';

type ConfiguredTag = Configuration['segments'][number];

/**
 * The tag of a segment after an export has looked at it: its id once it exists, and its name in Mailchimp. `atStart` is the
 * configuration when the export started.
 *
 * A deleted tag that was created again keeps its old id until a member may carry the new one: otherwise an export that was denied
 * would have disarmed the guard. An adopted tag stays marked until an export completes, which has read which members carry it. Names
 * are taken from completed exports only, since other exports may not have renamed the tag.
 */
export function withTag(
  current: ConfiguredTag,
  report: ExportReport,
  atStart: readonly ConfiguredTag[],
): ConfiguredTag {
  const before = atStart.find(({ segment }) => segment === current.segment);
  // Another tag was chosen while the export ran: that is for the next one.
  if (before?.tagId !== current.tagId) return current;
  const found = settledTag(current.segment, report);
  if (!found || isPlanned(report)) return current;
  const isDone = report.status === 'completed';
  const isNew = found.tagId !== current.tagId;
  if (isNew && current.tagId !== null && !isDone && !mayBeCarried(found, report)) return current;
  if (!isNew && !isDone) return current;
  const { isAdopted, ...rest } = current;
  // Another name was configured while the export ran: that is for the next one.
  const isFollowed = current.tag === current.knownAs || isSameTag(current.tag, found.name);
  const tag = isFollowed ? found.name : current.tag;
  return { ...rest, tagId: found.tagId, knownAs: found.name, tag, ...(isAdopted && isNew && { isAdopted }) };
}

/** Also from a report of version 0.3.0, which has all segments and no tags. */
function settledTag(ofSegment: string, { tags, segments }: ExportReport) {
  const isMeant = ({ segment }: { readonly segment: string }) => segment === ofSegment;
  if (tags) {
    const found = tags.find(isMeant);
    return found && { ...found, name: found.name ?? ofSegment };
  }
  const found = segments.find(isMeant);
  if (!found || found.tagId === null) return undefined;
  return { tagId: found.tagId, name: found.name, isTagged: found.tagged > 0 };
}

function mayBeCarried({ isTagged }: { readonly isTagged?: boolean }, { outcomes }: ExportReport): boolean {
  return isTagged === true || outcomes.unproven > 0;
}

interface Assigning {
  /** The segments and tags that the destination has now: a tag of its own does not count as taken. */
  readonly own: readonly ConfiguredTag[];
  readonly adoptTags: boolean;
}

/**
 * Gives each checked segment its tag. A tag that the segment has keeps its id through renames. A tag that exists in the audience is used
 * only when it belongs to this destination, or with `adoptTags`.
 * @throws ExportError TAG_TAKEN, for all of them in one
 */
export function assignTags(checked: readonly CheckedSegment[], assigning: Assigning): ConfiguredTag[] {
  const bySegment = new Map(assigning.own.map((own) => [own.segment, own]));
  const byTag = new Map(assigning.own.map((own) => [own.tagId, own]));
  const chosen = new Set(checked.map(({ segment }) => segment));
  const messages: string[] = [];
  const assigned = checked.flatMap((one) => {
    const former = one.holder && byTag.get(one.holder.id);
    const found = assign(one, { ...assigning, known: bySegment.get(one.segment), former, chosen });
    if (typeof found !== 'string') return found;
    messages.push(found);
    return [];
  });
  if (messages.length > 0) throw new ExportError('TAG_TAKEN', inOne(messages));
  return assigned;
}

interface Candidate extends Assigning {
  readonly known: ConfiguredTag | undefined;
  /** The segment that has the tag now. */
  readonly former: ConfiguredTag | undefined;
  readonly chosen: ReadonlySet<string>;
}

/** @returns why it is taken, where it is */
function assign(
  checked: CheckedSegment,
  { known, former, chosen, adoptTags }: Candidate,
): ConfiguredTag | string {
  const { segment, tag = segment, holder } = checked;
  // A check of version 0.3.0 has assigned the tag itself.
  if ('tagId' in checked) return checked as unknown as ConfiguredTag;
  const { tagId = null, knownAs = null, isAdopted } = known ?? {};
  const kept = { segment, tag, tagId, knownAs, ...(isAdopted && { isAdopted }) };
  if (!holder || holder.id === tagId) return kept;
  // An unchanged name is not checked here: the tag may have been created by an export since. The preflight checks it.
  if (known && isSameTag(known.tag, tag) && !adoptTags) return kept;
  const { id, name = tag } = holder;
  if (former && !chosen.has(former.segment)) {
    return { segment, tag, tagId: id, knownAs: name, ...(former.isAdopted && { isAdopted: true }) };
  }
  // Marked as adopted, so that the next export reads which members carry it.
  if (!former && (adoptTags || (holder.isOwn && tagId === null)))
    return { segment, tag: name, tagId: id, knownAs: name, isAdopted: true };
  return former
    ? `The tag "${name}" belongs to the segment ${former.segment} of this destination. Give the segment ${segment} another tag.`
    : `The audience already has a tag "${name}", which may belong to another tool. Give the segment ${segment} another ` +
        'tag, or allow existing tags with --adopt-tags: members that carry it now keep it.';
}

const NAMED = 20;

function inOne(messages: readonly string[]): string {
  if (messages.length === 1) return messages.join('');
  const more = messages.length > NAMED ? `\n- and ${messages.length - NAMED} more` : '';
  return `${messages.length} tags are taken:${messages
    .slice(0, NAMED)
    .map((message) => `\n- ${message}`)
    .join('')}${more}`;
}
