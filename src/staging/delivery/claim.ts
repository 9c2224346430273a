import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { BASELINE, claimsFolder, inExport } from '../store/layout';
import { listNumbers, readNumbered, sealNumbered } from '../store/sequence';

interface ClaimDocument {
  readonly exportId: string;
}

/** Claims are never deleted, so that an export of long ago, brought back by a reset, still finds itself superseded. */
export async function claim(store: StagingStore, ref: ExportRef): Promise<void> {
  const folder = claimsFolder(ref.destinationId);
  for (;;) {
    const numbers = await listNumbers(store, folder);
    const highest = numbers.at(-1) ?? 0;
    const claims = await Promise.all(
      numbers.map((number) => readNumbered<ClaimDocument>(store, folder, number)),
    );
    if (claims.at(-1)?.exportId === ref.exportId) return;
    if (claims.some((claim) => claim?.exportId === ref.exportId)) throw superseded();
    if (await sealNumbered(store, { folder, number: highest + 1 }, { exportId: ref.exportId })) return;
  }
}

/** A settled export sends no more either: nobody would account for it. */
export async function checkClaim(store: StagingStore, ref: ExportRef): Promise<void> {
  if ((await holderOf(store, ref.destinationId)) !== ref.exportId) throw superseded();
  if (await store.head(inExport(ref, BASELINE))) throw settled();
}

/** Exports that have claimed the destination, the first one first. */
export async function listClaims(store: StagingStore, destinationId: string): Promise<readonly string[]> {
  const folder = claimsFolder(destinationId);
  const numbers = await listNumbers(store, folder);
  const claims = await Promise.all(
    numbers.map((number) => readNumbered<ClaimDocument>(store, folder, number)),
  );
  return claims.flatMap((claim) => claim?.exportId ?? []);
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
    'This export may not send any more: it was settled, and what came of it is in its report. Start a new one.',
  );
}

function superseded(): ExportError {
  return new ExportError(
    'SUPERSEDED',
    'This export may not send any more: a later export of the same destination has taken over. Nothing needs to be done.',
  );
}
