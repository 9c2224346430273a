import { needsSomething } from './limits';
import { findPeople, NOBODY } from './selection';
import { minus, NONE } from './sets';
import type { Asked, Change, Ended, Held, Selection, World } from './world';

// What it means to take an export back: the contacts that it has changed get what they had before.

/** The last export before it that has sent, or had nothing to send: its profiles are what Mailchimp was sent last. */
export function exportBefore({ history }: World, undone: Ended): Ended | undefined {
  const earlier = history.slice(0, history.indexOf(undone));
  return earlier.findLast(({ hasPlan, hasArrived }) => !hasPlan || hasArrived);
}

/** Outcomes of an undo that has not taken back everything. */
const OPEN = ['unproven', 'not_sent', 'throttled', 'rejected'];

/** Whether a later export has changed something, and was not taken back itself. */
export function isBlocked({ history }: World, undone: Ended): boolean {
  const takenBack = new Set<number>();
  for (const later of history.slice(history.indexOf(undone) + 1).toReversed()) {
    const { undoes, outcomes, number, hasPlan, hasArrived } = later;
    const isWhole = !outcomes.some((outcome) => OPEN.includes(outcome));
    const isGoneOnWith = undoes === undone.number || takenBack.has(undoes ?? 0);
    const isEffective = hasPlan && hasArrived && !takenBack.has(number);
    const takesBack =
      undoes !== null &&
      (hasPlan ? isEffective && (isWhole || isGoneOnWith) : !outcomes.includes('throttled'));
    if (takesBack) takenBack.add(undoes);
    else if (isEffective) return true;
  }
  return false;
}

/** Matching, segments and what becomes of contacts that the export has added. */
export function configBefore({ undone, before }: NonNullable<Asked['takesBack']>): World['config'] {
  const { fields, segments } = (before ?? undone).config;
  return { fields, segments: before ? segments : {}, leavers: 'archive' };
}

/** What an export has sent to an address until then. */
function heldAfter(ended: Ended | undefined, address: string): Held | undefined {
  const held = ended?.after.get(address);
  return held?.state == null ? undefined : held;
}

/** The profiles of the export before that were ever sent, with the tags that they had then. */
export function sentBefore(world: World, before: Ended | undefined, subjects: string[]): Selection {
  if (!before) return NOBODY;
  const sent = [...before.profiles].filter(
    ([, { rule, address }]) => rule === null && heldAfter(before, address) !== undefined,
  );
  const { people, spared } = findPeople({ ...world, profiles: new Map(sent) }, subjects);
  const tagsOf = (address: string) => new Set(heldAfter(before, address)?.tags);
  return {
    people: new Map([...people].map(([address, person]) => [address, { ...person, wants: tagsOf(address) }])),
    spared: new Map([...spared.keys()].map((address) => [address, tagsOf(address)])),
  };
}

/** What of a change takes the export back. */
export function asTakenBack(change: Change, { undone, before }: NonNullable<Asked['takesBack']>): Change {
  const { address, profile, values, was, decided } = change;
  const did = undone.touched.get(address);
  const then = heldAfter(before, address);
  const left = heldAfter(undone, address);
  const isAcknowledged = (tag: string) =>
    values[tag] === (then?.filled[tag] ?? '') || values[tag] === (was.filled[tag] ?? '');
  const isSent = change.isSent && did !== undefined && Object.keys(values).every(isAcknowledged);
  const isOurs =
    did !== undefined &&
    ((!then && did.wasNew && left?.isCreated) || (then?.isOurs && left !== undefined && !left.isOurs));
  const isArchived = change.isArchived && isOurs === true;
  const loses = did ? minus(change.loses, then?.tags ?? NONE) : NONE;
  const isAdded = did !== undefined && !then;
  const taken: Change = {
    ...change,
    isSent,
    isArchived,
    loses,
    gains: isSent ? change.gains : NONE,
    notArchived: isAdded ? (change.isArchived && !isArchived ? 'not_created' : change.notArchived) : null,
    isKnown: change.isKnown || then?.isMember === true,
    isUncertain: change.isUncertain && then?.isMember !== true,
    wasCreated: then?.isCreated === true,
  };
  const hasNothing = !needsSomething(taken) && decided === null;
  return { ...taken, isLeft: hasNothing && (profile !== null || needsSomething(change) || !isAdded) };
}

const CHANGED = ['created', 'updated', 'removed', 'archived', 'unproven'];

/** Whether the next export is held: it may do again what was taken back. */
export function isUndoneAfter(
  { isUndone }: World,
  { takesBack, removal, limit }: Asked,
  { outcomes, status }: { readonly outcomes: readonly string[]; readonly status: string },
): boolean {
  if (takesBack) return isUndone || outcomes.some((outcome) => CHANGED.includes(outcome));
  return isUndone && !(status === 'completed' && !removal && limit === undefined);
}
