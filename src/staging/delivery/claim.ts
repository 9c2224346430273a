import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { BASELINE, claimsFolder, exportFolder, inExport } from '../store/layout';
import { isNumberTaken, listNumbers, readNumbered, readSequence, sealNumbered } from '../store/sequence';

interface ClaimDocument {
  readonly exportId: string;
}

/** Claims are never deleted, so that an old export that a reset runs again still finds itself superseded. */
export async function claim(store: StagingStore, ref: ExportRef): Promise<void> {
  const folder = claimsFolder(ref.destinationId);
  for (;;) {
    const claims = await readSequence<ClaimDocument>(store, folder);
    const last = claims.at(-1);
    if (last?.document?.exportId === ref.exportId) return;
    if (claims.some(({ document }) => document?.exportId === ref.exportId)) throw superseded();
    const next = { folder, number: (last?.number ?? 0) + 1 };
    if (await sealNumbered(store, next, { exportId: ref.exportId })) return;
  }
}

/** Exports whose claim a worker remembers at once. */
const CLAIMS_KEPT = 1000;

/**
 * Checks that an export still holds the claim, before each of its requests. Remembers the number of its claim: then a check asks for two
 * names, however many exports the destination has had.
 *
 * A settled export sends nothing more either: no report would count it.
 * @throws ExportError SUPERSEDED
 */
export function createClaimCheck(store: StagingStore): (ref: ExportRef) => Promise<void> {
  const numbers = new Map<string, number>();

  async function findNumber(ref: ExportRef): Promise<number> {
    const last = await lastClaim(store, ref.destinationId);
    if (last?.exportId !== ref.exportId) throw superseded();
    if (numbers.size >= CLAIMS_KEPT) numbers.clear();
    numbers.set(exportFolder(ref), last.number);
    return last.number;
  }

  return async (ref) => {
    const number = numbers.get(exportFolder(ref)) ?? (await findNumber(ref));
    const folder = claimsFolder(ref.destinationId);
    const [isSuperseded, baseline] = await Promise.all([
      // Claims have no gaps and are never deleted: a later one exists only if the next one does.
      isNumberTaken(store, folder, number + 1),
      store.head(inExport(ref, BASELINE)),
    ]);
    if (isSuperseded) throw superseded();
    if (baseline) throw settled();
  };
}

/** Exports that have claimed the destination, the first one first. */
export async function listClaims(store: StagingStore, destinationId: string): Promise<readonly string[]> {
  const claims = await readSequence<ClaimDocument>(store, claimsFolder(destinationId));
  return claims.flatMap(({ document }) => document?.exportId ?? []);
}

/** The export that may send; undefined where none has claimed yet. */
export async function holderOf(store: StagingStore, destinationId: string): Promise<string | undefined> {
  return (await lastClaim(store, destinationId))?.exportId;
}

async function lastClaim(
  store: StagingStore,
  destinationId: string,
): Promise<{ readonly number: number; readonly exportId: string | undefined } | undefined> {
  const folder = claimsFolder(destinationId);
  const number = (await listNumbers(store, folder)).at(-1);
  if (number === undefined) return undefined;
  return { number, exportId: (await readNumbered<ClaimDocument>(store, folder, number))?.exportId };
}

function settled(): ExportError {
  return new ExportError(
    'SUPERSEDED',
    'This export may no longer send: it is settled, and its result is in its report. Start a new one.',
  );
}

function superseded(): ExportError {
  return new ExportError(
    'SUPERSEDED',
    'This export may no longer send: a later export of the same destination has taken over. Nothing needs to be done.',
  );
}
