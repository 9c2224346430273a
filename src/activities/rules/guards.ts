import type { ExportOptions } from '../../contract/export-options';
import type { Approval, Guard, GuardCode, GuardSettings } from '../../contract/guard';
import type { Removal } from '../../contract/removal';
import type { Undo, Undone } from '../../contract/undo';
import type { ExportPlan, SegmentPlan, SegmentTag } from '../../contract/plan';
import { heldClasses, type RejectPolicies } from '../../contract/reject-policy';
import { largestAllowed, readRejectLimit, rejectsOf } from '../../contract/rejects';
import { describeRejects } from '../../text/describe-export';
import { count, countOf } from '../../text/format';

export interface Guarded {
  readonly plan: ExportPlan;
  readonly segments: readonly SegmentTag[];
  readonly settings: GuardSettings;
  /** Contacts that Mailchimp counts over all audiences; null: not read, because no limit is set. */
  readonly contacts: number | null;
  readonly rejects?: RejectPolicies | undefined;
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
    ...rejects(guarded),
  ];
}

/** Invalid profiles, and contacts that are left out since Mailchimp has refused them: what it refuses of this export, only its end can tell. */
function rejects({ plan, settings, rejects: policies }: Guarded): Guard[] {
  const { selected, decided, leftOut = {} } = plan;
  const limit = settings.rejects === undefined ? undefined : readRejectLimit(String(settings.rejects));
  const found = rejectsOf(decided);
  const ofAll = above(found, limit && largestAllowed(selected, limit), (number) => ({
    code: 'REJECTS',
    message: `${describeRejects({ selected, rejects: number })}; the limit is ${settings.rejects}.`,
  }));
  const held = heldClasses(policies).flatMap((name) => {
    const contacts = leftOut[name] ?? 0;
    return contacts > 0 ? [{ name, contacts }] : [];
  });
  const ofClasses = above(
    held.reduce((sum, { contacts }) => sum + contacts, 0),
    0,
    (number) => ({
      code: 'REJECTS_HELD',
      message:
        `${countOf(number, 'contact')} would be left out, since Mailchimp has refused the same before, with a class whose policy is to hold: ` +
        `${held.map(({ name, contacts }) => `${name} (${count(contacts)})`).join(', ')}.`,
    }),
  );
  return [...ofAll, ...ofClasses];
}

/** Before a destination is removed: holds it if there are more contacts than the person who asked has agreed to. */
export function guardRemoval(plan: ExportPlan, { contacts = 0 }: Removal): Guard[] {
  return above(plan.removals, contacts, (number, limit) => ({
    code: 'MASS_REMOVAL',
    message: `The destination is to be removed: ${countOf(number, 'contact')} would lose all tags of it${archived(plan)}; ${count(limit)} were agreed to.`,
  }));
}

/** Holds each removal, also of no contact: it withdraws the consent, and forgets what was exported. */
export function guardBySecondPerson(plan: ExportPlan): Guard {
  const { removals } = plan;
  return {
    code: 'SECOND_PERSON',
    message: `The destination is to be removed: ${countOf(removals, 'contact')} would lose all tags of it${archived(plan)}. A person other than the one who asked has to approve that.`,
    number: removals,
    limit: 0,
  };
}

/**
 * Before an export is taken back: holds it if more contacts would change than the person who asked has agreed to; where a second person
 * approves, if any would.
 */
export function guardUndo(
  plan: ExportPlan,
  {
    number: which,
    contacts = 0,
    needsSecondPerson = false,
  }: Undo & { readonly needsSecondPerson?: boolean | undefined },
): Guard[] {
  return above(changesOf(plan), needsSecondPerson ? 0 : contacts, (number, limit) => ({
    code: 'UNDO',
    message:
      `Export ${which} is to be taken back: ${countOf(number, 'contact')} would change, of which ${count(plan.removals)} would lose all tags of the ` +
      `destination${archived(plan)}${needsSecondPerson ? '. A person other than the one who asked has to approve that.' : `; ${count(limit)} were agreed to.`}`,
  }));
}

/** What was taken back must not come again by itself. */
export function guardAfterUndo(plan: ExportPlan, { number: which, by }: Undone): Guard[] {
  return above(changesOf(plan), 0, (number) => ({
    code: 'UNDO',
    message: `Export ${which} was taken back by ${by}, and this export may send the same again: ${countOf(number, 'contact')} would change. Correct the source or the settings first, or approve it.`,
  }));
}

function changesOf({ creates, updates, removals }: ExportPlan): number {
  return creates + updates + removals;
}

/** ", of which 12 would be archived" */
function archived({ archives = 0 }: ExportPlan): string {
  return archives === 0 ? '' : `, of which ${count(archives)} would be archived`;
}

interface Allowing {
  readonly options: ExportOptions;
  readonly approved: Approval | undefined;
  /** Options are of the person who asks. */
  readonly needsSecondPerson: boolean;
  /** An undo or a removal, whose number of contacts was agreed to: options are of exports. Default: no. */
  readonly isAgreed?: boolean;
}

/** Without the guards that an option of this export allows, unless a second person or a number that was agreed to has to, or whose number was approved. */
export function withoutAllowed(
  guards: readonly Guard[],
  { options, approved, needsSecondPerson, isAgreed = false }: Allowing,
): Guard[] {
  const isAllowed: Record<GuardCode, boolean> = {
    UNDO: options.allowAfterUndo,
    MASS_REMOVAL: options.allowMassRemoval,
    MEMBERS_UNMATCHED: options.allowUnmatchedMembers,
    TAG_RESTORED: options.allowRestoredTags,
    NEW_CONTACTS: options.allowNewContacts,
    CONTACT_LIMIT: options.allowOverLimit,
    SECOND_PERSON: false,
    REJECTS: options.allowRejects,
    REJECTS_HELD: options.allowRejects,
  };
  const isApproved = ({ code, segment, number }: Guard) =>
    approved?.numbers.some(
      (known) => known.code === code && known.segment === segment && known.number >= number,
    ) ?? false;
  const mayPass = !needsSecondPerson && !isAgreed;
  return guards.filter((guard) => !(isAllowed[guard.code] && mayPass) && !isApproved(guard));
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
      `${count(number)} of the ${countOf(plan.baselineSize, 'contact')} exported so far would lose all tags of this destination${archived(plan)}; ` +
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
