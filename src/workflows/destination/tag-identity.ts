import type { Configuration } from '../../contract/destination';
import type { ExportReport } from '../../contract/report';
import { isSameTag } from '../../contract/tag-name';

type ConfiguredTag = Configuration['segments'][number];

/**
 * What an export has found of a segment's tag: its id once it is made, and the name it has in Mailchimp. `asked`: as configured when the
 * export began.
 *
 * A deleted tag that was made again stays "gone" until somebody may carry the new one: otherwise an export that was denied would
 * have taken the guard away with it. Of a tag that was adopted, a completed export has read who carries it. A name is believed only
 * when the export went through, since a rename may not have happened.
 */
export function withTag(
  known: ConfiguredTag,
  report: ExportReport,
  asked: readonly ConfiguredTag[],
): ConfiguredTag {
  const before = asked.find(({ segment }) => segment === known.segment);
  // Another tag was chosen while the export ran: that is for the next one.
  if (before?.tagId !== known.tagId) return known;
  const told = report.segments.find(({ segment }) => segment === known.segment);
  if (!told || told.tagId === null || report.status === 'planned') return known;
  const isDone = report.status === 'completed';
  const isNew = told.tagId !== known.tagId;
  if (isNew && known.tagId !== null && !isDone && !mayBeCarried(told, report)) return known;
  if (!isNew && !isDone) return known;
  const { isAdopted, ...rest } = known;
  // Configured otherwise while the export ran: that is for the next one.
  const isFollowed = known.tag === known.knownAs || isSameTag(known.tag, told.name);
  const tag = isFollowed ? told.name : known.tag;
  return { ...rest, tagId: told.tagId, knownAs: told.name, tag, ...(isAdopted && isNew && { isAdopted }) };
}

function mayBeCarried({ tagged }: ExportReport['segments'][number], { outcomes }: ExportReport): boolean {
  return tagged > 0 || outcomes.unproven > 0;
}
