import { OUT } from './selection';
import type { Selection, World } from './world';

/** Nothing of ours is on them, and nothing about them has to be remembered. */
export function forgetDeparted({ held, members }: World, { people }: Selection): void {
  for (const [address, { isPresent, tags, refusal, state }] of held) {
    const stays = isPresent || people.has(address) || tags.size > 0 || refusal !== null || state === null;
    if (!stays && !OUT.includes(members.get(address)?.status ?? '')) held.delete(address);
  }
}
