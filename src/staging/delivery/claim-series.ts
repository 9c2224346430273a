import type { StagingStore } from '../../ports/staging-store';
import { type Claim, readClaim } from './claim';

/**
 * Exports, and all other jobs: plans, verifications, forgets. The claims of each have places of their own, from 1, so that many of the one push out
 * none of the other.
 */
export const SERIES = ['exports', 'others'] as const;
export type Series = (typeof SERIES)[number];

/** How many claims of a series there are up to this one. */
export function placeOf({ number, exports }: Claim, series: Series): number {
  return series === 'exports' ? exports : number - exports;
}

interface Place {
  readonly series: Series;
  readonly place: number;
  /** A claim at this place, or after it. */
  readonly after: Claim;
}

/**
 * The claim at a place of a series; undefined: there is none. Reads one claim where none of the other series lies between, otherwise some for each binary
 * digit of their number.
 */
export async function claimAt(
  store: StagingStore,
  destinationId: string,
  { series, place, after }: Place,
): Promise<Claim | undefined> {
  if (place < 1) return undefined;
  const read = (number: number) => readClaim(store, destinationId, number);
  const reaches = (claim: Claim) => placeOf(claim, series) >= place;
  let found = await read(after.number - (placeOf(after, series) - place));
  if (isIn(found, series) && placeOf(found, series) === place) return found;
  // The first claim that reaches the place is the one at it.
  let below = 0;
  if (!reaches(found)) {
    // Claims of version 0.3.0 lie between.
    below = found.number;
    found = after;
  }
  for (let step = 1; found.number - step > below; step *= 2) {
    const probe = await read(found.number - step);
    if (!reaches(probe)) {
      below = probe.number;
      break;
    }
    found = probe;
  }
  while (found.number - below > 1) {
    const probe = await read(Math.floor((found.number + below) / 2));
    if (reaches(probe)) found = probe;
    else below = probe.number;
  }
  return isIn(found, series) && placeOf(found, series) === place ? found : undefined;
}

function isIn({ kind }: Claim, series: Series): boolean {
  return (kind === 'export') === (series === 'exports');
}

interface Claims {
  readonly series: Series;
  /** The last claim of the destination. */
  readonly last: Claim;
  /** Default: the last one of the series. */
  readonly from?: number;
}

/** The claims of a series, from a place back to the first. Read one by one: there may be thousands. */
export async function* claimsOf(
  store: StagingStore,
  destinationId: string,
  { series, last, from = placeOf(last, series) }: Claims,
): AsyncGenerator<Claim> {
  let after = last;
  for (let place = from; place > 0; place--) {
    const found = await claimAt(store, destinationId, { series, place, after });
    // A worker of 0.3.0 counts each claim as that of an export, so its claim may skip places.
    if (!found) continue;
    yield found;
    after = found;
  }
}
