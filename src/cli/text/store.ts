import { countOf, listOf } from '../../text/format';

/** `problem`: why it still goes on with the old store. */
export interface MovedDestination {
  readonly destinationId: string;
  readonly problem?: { readonly code: string; readonly message: string };
}

interface CopiedPlaces {
  /** Id of the copy. */
  readonly to: string;
  readonly address: string;
  readonly objects: number;
  readonly changed: number;
  readonly destinations: readonly MovedDestination[];
  /** Of other task queues. */
  readonly others: readonly string[];
}

interface Before {
  /** The configuration files. */
  readonly files: { readonly from: string; readonly to: string };
  /** Of the old store. */
  readonly place: string;
}

export function describePass({
  objects,
  changed,
}: {
  readonly objects: number;
  readonly changed: number;
}): string {
  return changed === 0
    ? `Compared ${countOf(objects, 'object')} by their hashes: all are the same.`
    : `Copied ${countOf(changed, 'object')} of ${objects}.`;
}

export function describeCopied(copied: CopiedPlaces, { files, place }: Before): string {
  const { to, address, destinations, others } = copied;
  const moved = destinations.filter(({ problem }) => !problem).map(({ destinationId }) => destinationId);
  const left = destinations.flatMap(({ destinationId, problem }) =>
    problem ? `${destinationId} still has the old store: ${problem.code}: ${problem.message}` : [],
  );
  return [
    `The copy is complete: ${address} is the store ${to}, and ${place} takes no exports any longer.`,
    ...(moved.length > 0 ? [`With it go on: ${listOf(moved)}.`] : []),
    ...left,
    ...(others.length > 0
      ? [
          `${listOf(others)} are of another task queue: repeat the command with the configuration files of its workers.`,
        ]
      : []),
    '',
    'What to do now:',
    `1. Use the section staging of ${files.to} in the configuration of all workers, and restart them. Until then, exports wait.`,
    ...(left.length > 0 ? ['2. Repeat this command: what is copied is not copied again.'] : []),
    `${left.length > 0 ? 3 : 2}. After the next export, delete ${place}: it has rows of persons, and no worker deletes them any longer.`,
  ].join('\n');
}
