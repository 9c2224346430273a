import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { BASELINE, claimsFolder, inExport } from '../store/layout';
import { listNumbers, readNumbered, readSequence, sealNumbered } from '../store/sequence';

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

/** A settled export sends nothing more either: no report would count it. */
export async function checkClaim(store: StagingStore, ref: ExportRef): Promise<void> {
  if ((await holderOf(store, ref.destinationId)) !== ref.exportId) throw superseded();
  if (await store.head(inExport(ref, BASELINE))) throw settled();
}

/** Exports that have claimed the destination, the first one first. */
export async function listClaims(store: StagingStore, destinationId: string): Promise<readonly string[]> {
  const claims = await readSequence<ClaimDocument>(store, claimsFolder(destinationId));
  return claims.flatMap(({ document }) => document?.exportId ?? []);
}

/** The export that may send; undefined where none has claimed yet. */
export async function holderOf(store: StagingStore, destinationId: string): Promise<string | undefined> {
  const folder = claimsFolder(destinationId);
  const highest = (await listNumbers(store, folder)).at(-1);
  if (highest === undefined) return undefined;
  return (await readNumbered<ClaimDocument>(store, folder, highest))?.exportId;
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
