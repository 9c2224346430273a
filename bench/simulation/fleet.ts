import { normal, randomNumbers } from './random';

/** Limit of the product. */
const MOST_PROFILES = 1_000_000;
const LEAST_PROFILES = 200;
/** Of the logarithm of sizes: most are small, and a few are near the limit. */
const SPREAD = 1.6;

/** Hours between two refreshes, and the share of destinations that have them. */
const INTERVALS = [
  [1, 0.15],
  [2, 0.1],
  [4, 0.15],
  [6, 0.15],
  [12, 0.15],
  [24, 0.3],
] as const;

export interface SimulatedDestination {
  readonly account: number;
  readonly profiles: number;
  readonly intervalHours: number;
}

export interface FleetOptions {
  readonly seed: number;
  readonly accounts: number;
  readonly destinations: number;
  /** Profiles of all refreshes of a day. */
  readonly profilesADay: number;
}

/** Destinations of accounts: a few accounts have many, as agencies do, and most have some. */
export function drawFleet({
  seed,
  accounts,
  destinations,
  profilesADay,
}: FleetOptions): SimulatedDestination[] {
  const random = randomNumbers(seed);
  const drawn = Array.from({ length: destinations }, (_, index) => ({
    // Each account has one at least. The others are drawn so that the first accounts get more of them.
    account: index < accounts ? index : Math.floor(accounts * random() ** 2),
    size: Math.exp(SPREAD * normal(random)),
    intervalHours: drawInterval(random()),
  }));
  const scale = solve(
    (tried) =>
      drawn.reduce((sum, { size, intervalHours }) => sum + (sizeOf(tried, size) * 24) / intervalHours, 0),
    profilesADay,
  );
  return drawn.map(({ account, size, intervalHours }) => ({
    account,
    profiles: sizeOf(scale, size),
    intervalHours,
  }));
}

function drawInterval(number: number): number {
  let left = number;
  for (const [hours, share] of INTERVALS) {
    if (left < share) return hours;
    left -= share;
  }
  return INTERVALS.at(-1)![0];
}

function sizeOf(scale: number, size: number): number {
  return Math.round(Math.min(MOST_PROFILES, Math.max(LEAST_PROFILES, scale * size)));
}

/** Where an ascending function has a value; halves the interval. */
function solve(of: (scale: number) => number, wanted: number): number {
  let [low, high] = [0, MOST_PROFILES];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (of(middle) < wanted) low = middle;
    else high = middle;
  }
  return high;
}
