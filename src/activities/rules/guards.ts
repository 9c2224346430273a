import type { ExportOptions } from '../../contract/destination';
import type { Approval, Guard, GuardCode, GuardSettings } from '../../contract/guard';
import type { ExportPlan, SegmentPlan, SegmentTag } from '../../contract/plan';

export interface Guarded {
  readonly plan: ExportPlan;
  readonly segments: readonly SegmentTag[];
  readonly settings: GuardSettings;
  /** Contacts that Mailchimp counts over all audiences; null: no limit is set, so nobody asked. */
  readonly contacts: number | null;
}

/** The numbers of a plan that are above their limits, the gravest first. */
export function findGuards(guarded: Guarded): Guard[] {
  const { plan, settings, contacts } = guarded;
  return [
    ...massRemovals(guarded),
    ...restoredTags(guarded),
    ...above(plan.creates, settings.newContacts, (number, limit) => ({
      code: 'NEW_CONTACTS',
      message: `${people(number, 'new contact')} would be created, and more than ${count(limit)} hold an export.`,
    })),
    ...above((contacts ?? 0) + plan.creates, settings.contactLimit, (number, limit) => ({
      code: 'CONTACT_LIMIT',
      message: `Mailchimp would count ${count(number)} contacts over all audiences, and the limit is set to ${count(limit)}.`,
    })),
  ];
}

/** Without those that the switches of this export let pass, or that somebody has approved up to this number. */
export function withoutAllowed(
  guards: readonly Guard[],
  { options, approved }: { readonly options: ExportOptions; readonly approved: Approval | undefined },
): Guard[] {
  const switches: Record<GuardCode, boolean> = {
    MASS_REMOVAL: options.allowMassRemoval,
    TAG_RESTORED: options.allowRestoredTags,
    NEW_CONTACTS: options.allowNewContacts,
    CONTACT_LIMIT: options.allowOverLimit,
  };
  const isApproved = ({ code, segment, number }: Guard) =>
    approved?.numbers.some(
      (known) => known.code === code && known.segment === segment && known.number >= number,
    ) ?? false;
  return guards.filter((guard) => !switches[guard.code] && !isApproved(guard));
}

function massRemovals({ plan, segments, settings }: Guarded): Guard[] {
  const limit = Math.floor(plan.baselineSize * settings.removalShare);
  const ofTags = plan.segments.flatMap((segment) => {
    const why = whyEmpty(segment, segments);
    if (why) return lostTag(segment, why, 0);
    const many = `More than ${count(limit)} of the ${people(plan.baselineSize)} exported so far leave the segment "${segment.segment}"`;
    return lostTag(segment, many, limit);
  });
  const ofAll = above(plan.removals, limit, (number) => ({
    code: 'MASS_REMOVAL',
    message: `${count(number)} of the ${people(plan.baselineSize)} exported so far would lose all tags of this destination, and more than ${count(limit)} hold an export.`,
  }));
  return [...ofAll, ...ofTags];
}

/** A segment that is configured no more is a removal like one that has lost all its people. */
function whyEmpty({ segment, profiles }: SegmentPlan, segments: readonly SegmentTag[]): string | undefined {
  if (!segments.some((known) => known.segment === segment))
    return `The segment "${segment}" is not exported any more`;
  return profiles === 0 ? `The segment "${segment}" holds nobody any more` : undefined;
}

function lostTag({ segment, tag, toUntag }: SegmentPlan, why: string, limit: number): Guard[] {
  return above(toUntag, limit, (number) => ({
    code: 'MASS_REMOVAL',
    message: `${why}: ${people(number)} would lose the tag "${tag}".`,
    segment,
  }));
}

function restoredTags({ plan, segments }: Guarded): Guard[] {
  return segments
    .filter(({ isRestored }) => isRestored === true)
    .flatMap(({ segment, tag }) => {
      // Not `restores`: once an export was denied, the baseline says no more who carried the deleted tag.
      const { toTag = 0 } = plan.segments.find((known) => known.segment === segment) ?? {};
      return above(toTag, 0, (number) => ({
        code: 'TAG_RESTORED',
        message: `The tag "${tag}" was deleted in Mailchimp: it would be made again, and ${people(number)} would be tagged again.`,
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

function people(number: number, one = 'person'): string {
  const many = one === 'person' ? 'people' : `${one}s`;
  return `${count(number)} ${number === 1 ? one : many}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
