import type { Asked, Change, ExportResult, Selection, World } from './world';

// What keeps a plan from being sent, as a whole or in part.

/** Members lose the tag of a segment that is empty or no longer configured. */
function isMassRemoval({ profiles, config, holdsRemovals }: World, changes: readonly Change[]): boolean {
  const filled = [...profiles.values()].flatMap(({ segments }) => segments).map((id) => config.segments[id]);
  return changes.some(
    ({ loses, isArchived }) =>
      (holdsRemovals && isArchived) || [...loses].some((tag) => holdsRemovals || !filled.includes(tag)),
  );
}

export function putOff(change: Change): void {
  const decided = change.decided ?? 'not_sent';
  Object.assign(change, { isSent: false, isArchived: false, gains: new Set(), loses: new Set(), decided });
}

/** Before a removal, each contact that loses something counts; of an undo, and after one, each that changes. */
export function isGuarded(
  world: World,
  { removal, takesBack, allowMassRemoval, allowAfterUndo = false }: Asked,
  changes: readonly Change[],
): boolean {
  const isChanging = changes.some(needsSomething);
  if (takesBack) return isChanging && !allowMassRemoval;
  if (!removal && world.isUndone && isChanging && !allowAfterUndo) return true;
  if (allowMassRemoval) return false;
  const isLosing = changes.some(({ isArchived, loses }) => isArchived || loses.size > 0);
  return removal === undefined ? isMassRemoval(world, changes) : isLosing;
}

export function needsSomething({ isSent, isArchived, loses }: Change): boolean {
  return isSent || isArchived || loses.size > 0;
}

export function isNobody({ people }: Selection, { subjects }: Pick<ExportResult, 'subjects'>): boolean {
  return subjects.length + people.size === 0;
}
