import type { ExportRef } from '../../contract/identifiers';
import type { StagingStore } from '../../ports/staging-store';
import { liftsFolder } from './layout';
import { deleteNumbered, readSequence, sealNumbered } from './sequence';

/** A user's request to send refused rows again. It lies in the store, and not in Temporal, since it may name keys of profiles. */
export interface Lift {
  /** Refusals up to this time; later ones are new. When the baseline that the user saw was settled, in ISO 8601 and UTC. */
  readonly until: string;
  /** Null: of every class, of every profile. */
  readonly classes: readonly string[] | null;
  readonly keys: readonly string[] | null;
}

export async function recordLift(
  store: StagingStore,
  { destinationId }: Pick<ExportRef, 'destinationId'>,
  lift: Lift,
): Promise<void> {
  const folder = liftsFolder(destinationId);
  for (;;) {
    const known = await readSequence<Lift>(store, folder);
    if (await sealNumbered(store, { folder, number: (known.at(-1)?.number ?? 0) + 1 }, lift)) return;
  }
}

export async function readLifts(
  store: StagingStore,
  { destinationId }: Pick<ExportRef, 'destinationId'>,
): Promise<readonly Lift[]> {
  const found = await readSequence<Lift>(store, liftsFolder(destinationId));
  return found.flatMap(({ document }) => document ?? []);
}

/** Deletes requests that no export has needed for so long: they may name keys of profiles. */
export async function expireLifts(store: StagingStore, destinationId: string, before: Date): Promise<void> {
  const folder = liftsFolder(destinationId);
  for (const { number, document } of await readSequence<Lift>(store, folder))
    if (!document || document.until < before.toISOString()) await deleteNumbered(store, folder, number);
}
