import { hash } from 'node:crypto';

export const md5 = (text: string): string => hash('md5', text);

/** The subscriber hash: md5 of the lower-cased address. */
export const subscriberHash = (address: string): string => md5(address.trim().toLowerCase());

/** Numbers below `bound` that are the same for the same seed, so that a failing test with shuffled results can be repeated. */
function seededRandom(seed: string): (bound: number) => number {
  let state = Number.parseInt(md5(seed).slice(0, 8), 16) | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

export function shuffled<T>(items: readonly T[], seed: string): T[] {
  const random = seededRandom(seed);
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random(last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
