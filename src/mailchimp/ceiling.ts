/** Bounds the slots for a while after a 429. */
export interface Ceiling {
  /** Infinity: no bound. */
  readonly current: () => number;
  /** After a 429: half of so many slots. */
  readonly halve: (slots: number) => void;
  /** A request has ended. One slot returns after every `REQUESTS_PER_SLOT` of them without another 429, up to so many. */
  readonly ended: (most: number) => void;
}

const REQUESTS_PER_SLOT = 20;

export function createCeiling(): Ceiling {
  let ceiling = Infinity;
  let ended = 0;
  return {
    current: () => ceiling,
    halve: (slots) => {
      ceiling = Math.max(1, Math.floor(slots / 2));
      ended = 0;
    },
    ended: (most) => {
      ended += 1;
      if (ceiling === Infinity || ended < REQUESTS_PER_SLOT) return;
      ceiling = ceiling + 1 < most ? ceiling + 1 : Infinity;
      ended = 0;
    },
  };
}
