import type { ExportRef } from '../../contract/identifiers';
import type { JobKind } from '../../contract/job-kind';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { BASELINE, claimedKey, claimsFolder, exportFolder, inExport } from '../store/layout';
import { isNumberTaken, lastNumber, readNumbered, sealNumbered } from '../store/sequence';
import { isSuperseded, superseded } from '../store/superseded';

/** A job, or a copy of the store, after which no job sends. */
export type ClaimKind = JobKind | 'copy';

interface ClaimDocument {
  readonly exportId: string;
  /** Undefined: an export; in a claim of version 0.3.0, any kind. */
  readonly kind?: ClaimKind;
  /** How many of the claims up to this one are of exports. Undefined: all of them. */
  readonly exports?: number;
}

export interface Claim extends Required<ClaimDocument> {
  readonly number: number;
}

/**
 * Claims are never deleted, so that an old export that a reset runs again still finds itself superseded. It finds its name among those
 * that have claimed: each claim but the last one has such a mark, an empty object.
 */
export async function claim(store: StagingStore, ref: ExportRef, kind: ClaimKind): Promise<void> {
  const folder = claimsFolder(ref.destinationId);
  for (;;) {
    const last = await lastClaim(store, ref.destinationId);
    if (last?.exportId === ref.exportId) return;
    if (await isSuperseded(store, ref)) throw superseded();
    if (last) await markClaims(store, ref.destinationId, last);
    const number = (last?.number ?? 0) + 1;
    const exports = (last?.exports ?? 0) + (kind === 'export' ? 1 : 0);
    const document = toDocument({ exportId: ref.exportId, kind, number, exports });
    if (await sealNumbered(store, { folder, number }, document)) return;
  }
}

function toDocument({ exportId, kind, number, exports }: Claim): ClaimDocument {
  return { exportId, ...(kind !== 'export' && { kind }), ...(exports !== number && { exports }) };
}

/**
 * Marks the exports with a claim before the next claim is made. All but the last one are marked, except in a store of version 0.3.0, where
 * none is. The first one first: one that has a mark then shows that all before it have one, also after a crash.
 */
async function markClaims(store: StagingStore, destinationId: string, last: Claim): Promise<void> {
  const unmarked: string[] = [];
  for (let { number, exportId } = last; ;) {
    const key = claimedKey({ destinationId, exportId });
    if (await store.head(key)) break;
    unmarked.push(key);
    number -= 1;
    if (number === 0) break;
    ({ exportId } = await readClaim(store, destinationId, number));
  }
  for (const key of unmarked.toReversed()) await store.put(key, '');
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
    if (!last) throw missing();
    if (last.exportId !== ref.exportId) throw superseded();
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

/** The exports that claimed the destination before this one, the last one first. Read one by one: there may be thousands. */
export async function* earlierClaims(store: StagingStore, ref: ExportRef): AsyncGenerator<string> {
  const last = await lastClaim(store, ref.destinationId);
  if (!last) return;
  if (last.exportId !== ref.exportId) {
    if (await isSuperseded(store, ref)) throw superseded();
    yield last.exportId;
  }
  for (let number = last.number - 1; number > 0; number--)
    yield (await readClaim(store, ref.destinationId, number)).exportId;
}

/** The last export that has claimed the destination; undefined where none has claimed yet. */
export async function lastClaim(store: StagingStore, destinationId: string): Promise<Claim | undefined> {
  const number = await lastNumber(store, claimsFolder(destinationId));
  return number === 0 ? undefined : readClaim(store, destinationId, number);
}

export async function readClaim(store: StagingStore, destinationId: string, number: number): Promise<Claim> {
  const document = await readNumbered<ClaimDocument>(store, claimsFolder(destinationId), number);
  if (!document) throw missing();
  const { exportId, kind = 'export', exports = number } = document;
  return { number, exportId, kind, exports };
}

/** That a claim cannot be read says nothing about later ones: the step is retried. */
function missing(): ExportError {
  return new ExportError(
    'STAGING_FAILED',
    'The claim of this export is not in the staging store. The step is retried; if it keeps failing, check the staging store.',
  );
}

function settled(): ExportError {
  return new ExportError(
    'SUPERSEDED',
    'This export may no longer send: it is settled, and its result is in its report. Start a new one.',
  );
}
