import type { ExportOptions } from '../../contract/destination';
import type { Approval, Guard, GuardCode, GuardSettings } from '../../contract/guard';
import type { ExportPlan, SegmentPlan, SegmentTag } from '../../contract/plan';
import { count, countOf } from '../../text/format';

export interface Guarded {
  readonly plan: ExportPlan;
  readonly segments: readonly SegmentTag[];
  readonly settings: GuardSettings;
  /** Contacts that Mailchimp counts over all audiences; null: not read, because no limit is set. */
  readonly contacts: number | null;
}

/** The numbers of a plan that exceed their limits, the most serious first. */
export function findGuards(guarded: Guarded): Guard[] {
  const { plan, settings } = guarded;
  return [
    ...massRemovals(guarded),
    ...unmatchedMembers(guarded),
    ...restoredTags(guarded),
    ...above(plan.creates, settings.newContacts, (number, limit) => ({
      code: 'NEW_CONTACTS',
      message: `${countOf(number, 'new contact')} would be created; the limit is ${count(limit)}.`,
    })),
    ...above((guarded.contacts ?? 0) + plan.creates, settings.contactLimit, (number, limit) => ({
      code: 'CONTACT_LIMIT',
      message: `Mailchimp would count ${count(number)} contacts over all audiences; the limit is ${count(limit)}.`,
    })),
  ];
}

/** Without the guards that an option of this export allows, or whose number was approved. */
export function withoutAllowed(
  guards: readonly Guard[],
  { options, approved }: { readonly options: ExportOptions; readonly approved: Approval | undefined },
): Guard[] {
  const isAllowed: Record<GuardCode, boolean> = {
    MASS_REMOVAL: options.allowMassRemoval,
    MEMBERS_UNMATCHED: options.allowUnmatchedMembers,
    TAG_RESTORED: options.allowRestoredTags,
    NEW_CONTACTS: options.allowNewContacts,
    CONTACT_LIMIT: options.allowOverLimit,
  };
  const isApproved = ({ code, segment, number }: Guard) =>
    approved?.numbers.some(
      (known) => known.code === code && known.segment === segment && known.number >= number,
    ) ?? false;
  return guards.filter((guard) => !isAllowed[guard.code] && !isApproved(guard));
}

const LISTED = 20;

/** The guards with the greatest numbers, and one for each code that stands for the others: a destination can have thousands of segments. */
export function bounded(guards: readonly Guard[]): Guard[] {
  if (guards.length <= LISTED) return [...guards];
  const kept = new Set(guards.toSorted((one, other) => other.number - one.number).slice(0, LISTED));
  const others = guards.filter((guard) => !kept.has(guard));
  const rest = [...new Set(others.map(({ code }) => code))].map((code): Guard => {
    const ofCode = others.filter((guard) => guard.code === code);
    const number = ofCode.reduce((sum, guard) => sum + guard.number, 0);
    const message = `${countOf(ofCode.length, 'further segment')} with ${count(number)} contacts in all: the same.`;
    return { code, message, number, limit: 0, segment: FURTHER };
  });
  return [...guards.filter((guard) => kept.has(guard)), ...rest];
}

/** In place of the name of a segment. */
const FURTHER = '(further segments)';

function massRemovals({ plan, segments, settings }: Guarded): Guard[] {
  const limit = Math.floor(plan.baselineSize * settings.removalShare);
  const ofTags = plan.segments.flatMap((segment) => {
    const why = whyEmpty(segment, segments);
    if (why) return lostTag(segment, why, 0);
    const many = `More than ${count(limit)} of the ${countOf(plan.baselineSize, 'contact')} exported so far left the segment "${segment.segment}"`;
    return lostTag(segment, many, limit);
  });
  const ofAll = above(plan.removals, limit, (number) => ({
    code: 'MASS_REMOVAL',
    message:
      `${count(number)} of the ${countOf(plan.baselineSize, 'contact')} exported so far would lose all tags of this destination; ` +
      `the limit is ${count(limit)}.`,
  }));
  return [...ofAll, ...ofTags];
}

/** Why no profile has the tag now: the segment was removed from the configuration, or is empty. */
function whyEmpty({ segment, profiles }: SegmentPlan, segments: readonly SegmentTag[]): string | undefined {
  if (!segments.some((known) => known.segment === segment))
    return `The segment "${segment}" is no longer exported`;
  return profiles === 0 ? `The segment "${segment}" is empty now` : undefined;
}

function lostTag({ segment, tag, toUntag }: SegmentPlan, why: string, limit: number): Guard[] {
  return above(toUntag, limit, (number) => ({
    code: 'MASS_REMOVAL',
    message: `${why}: ${countOf(number, 'contact')} would lose the tag "${tag}".`,
    segment,
  }));
}

/** A key or a list value that is written in another way makes people leave a segment that they are in. */
function unmatchedMembers({ plan }: Guarded): Guard[] {
  return plan.segments.flatMap(({ segment, tag, toUntag, newlyUnmatched = 0 }) =>
    toUntag === 0
      ? []
      : above(newlyUnmatched, 0, (number) => ({
          code: 'MEMBERS_UNMATCHED',
          message:
            `${countOf(toUntag, 'contact')} would lose the tag "${tag}", while the membership of the segment "${segment}" has ${countOf(number, 'new row')} ` +
            `with a key that no profile has, or a value that no segment asks for. Some of them may be the same people, whose keys are written in ` +
            `another way now: compare the keys of both files. To count all such rows: temporal-mailchimp source check`,
          segment,
        })),
  );
}

function restoredTags({ plan, segments }: Guarded): Guard[] {
  return segments
    .filter(({ isRestored }) => isRestored === true)
    .flatMap(({ segment, tag }) => {
      const { toTag = 0 } = plan.segments.find((known) => known.segment === segment) ?? {};
      return above(toTag, 0, (number) => ({
        code: 'TAG_RESTORED',
        message: `The tag "${tag}" was deleted in Mailchimp: it would be created again, and ${countOf(number, 'contact')} would be tagged again.`,
        segment,
      }));
    });
}

function above(
  number: number,
  limit: number | undefined,
  toGuard: (number: number, limit: number) => Pick<Guard, 'code' | 'message' | 'segment'>,
): Guard[] {
  return limit === undefined || number <= limit ? [] : [{ ...toGuard(number, limit), number, limit }];
}
