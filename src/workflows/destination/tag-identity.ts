import type { Configuration } from '../../contract/destination';
import { isPlanned, type ExportReport } from '../../contract/report';
import { isSameTag } from '../../contract/tag-name';

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
  const found = report.segments.find(({ segment }) => segment === current.segment);
  if (!found || found.tagId === null || isPlanned(report)) return current;
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

function mayBeCarried({ tagged }: ExportReport['segments'][number], { outcomes }: ExportReport): boolean {
  return tagged > 0 || outcomes.unproven > 0;
}

/**
 * A checked configuration whose tags are those of now: an export that ended during the check may have created or renamed the tag of a
 * segment, and the check has kept what it was given (`own`).
 */
export function withCurrentTags(
  checked: readonly ConfiguredTag[],
  { own, current }: { readonly own: readonly ConfiguredTag[]; readonly current: readonly ConfiguredTag[] },
): ConfiguredTag[] {
  return checked.map((configured) => {
    const isOfSegment = ({ segment }: ConfiguredTag) => segment === configured.segment;
    const given = own.find(isOfSegment);
    const now = current.find(isOfSegment);
    if (!given || !now || !isSameIdentity(configured, given)) return configured;
    const { isAdopted: _, ...rest } = configured;
    const { tagId, knownAs, isAdopted } = now;
    return { ...rest, tagId, knownAs, ...(isAdopted && { isAdopted }) };
  });
}

function isSameIdentity(one: ConfiguredTag, other: ConfiguredTag): boolean {
  return one.tagId === other.tagId && one.knownAs === other.knownAs && one.isAdopted === other.isAdopted;
}
