import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';
import { BASELINE, type Layout } from '../store/layout';
import { listNumbers, readNumbered, sealNumbered } from '../store/sequence';
import { readText } from '../store/atomic-files';

interface ClaimDocument {
  readonly exportId: string;
}

/** Claims are never deleted, so that an export of long ago, brought back by a reset, still finds itself superseded. */
export async function claim(layout: Layout, ref: ExportRef): Promise<void> {
  const folder = layout.claims(ref.destinationId);
  for (;;) {
    const numbers = await listNumbers(folder);
    const highest = numbers.at(-1) ?? 0;
    const claims = await Promise.all(numbers.map((number) => readNumbered<ClaimDocument>(folder, number)));
    if (claims.at(-1)?.exportId === ref.exportId) return;
    if (claims.some((claim) => claim?.exportId === ref.exportId)) throw superseded();
    if (await sealNumbered(folder, highest + 1, { exportId: ref.exportId })) return;
  }
}

/** A settled export sends no more either: nobody would account for it. */
export async function checkClaim(layout: Layout, ref: ExportRef): Promise<void> {
  if ((await holderOf(layout, ref.destinationId)) !== ref.exportId) throw superseded();
  if ((await readText(layout.inExport(ref, BASELINE))) !== undefined) throw settled();
}

/** Exports that have claimed the destination, the first one first. */
export async function listClaims(layout: Layout, destinationId: string): Promise<readonly string[]> {
  const folder = layout.claims(destinationId);
  const numbers = await listNumbers(folder);
  const claims = await Promise.all(numbers.map((number) => readNumbered<ClaimDocument>(folder, number)));
  return claims.flatMap((claim) => claim?.exportId ?? []);
}

/** The export that may send; undefined where none has claimed yet. */
export async function holderOf(layout: Layout, destinationId: string): Promise<string | undefined> {
  const folder = layout.claims(destinationId);
  const highest = (await listNumbers(folder)).at(-1);
  if (highest === undefined) return undefined;
  return (await readNumbered<ClaimDocument>(folder, highest))?.exportId;
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
