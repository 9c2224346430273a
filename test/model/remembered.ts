import { OUT } from './selection';
import type { Asked, Selection, World } from './world';

/** Refusals after which the same row is not sent again. */
export const PERMANENT = ['fake', 'forgotten', 'merge_field'];

/** Nothing of ours is on them, and nothing about them has to be remembered. */
export function forgetDeparted({ held, members }: World, { people }: Selection): void {
  for (const [address, { isPresent, tags, refusal, state, isOurs }] of held) {
    const stays =
      isOurs || isPresent || people.has(address) || tags.size > 0 || refusal !== null || state === null;
    if (!stays && !OUT.includes(members.get(address)?.status ?? '')) held.delete(address);
  }
}

/** In milliseconds: seven days. */
const RETRIED_AFTER = 7 * 24 * 60 * 60_000;

/** Who was deleted for good and is in the audience again is known by this export's listings. Others are tried again after a time. */
export function liftRefusals({ held, members, now }: World, isFresh: boolean, { retryRefused }: Asked): void {
  for (const [address, known] of held) {
    const { refusal } = known;
    if (!refusal) continue;
    const [, why = ''] = refusal.outcome.split(' ');
    const isListed = isFresh ? members.has(address) : OUT.includes(members.get(address)?.status ?? '');
    if (why === 'forgotten' && isListed) {
      known.refusal = null;
      if (known.state === 'proven') known.state = 'exposed';
      known.isCreated = false;
    } else if (PERMANENT.includes(why)) {
      const isDue = why === 'merge_field' && refusal.at + RETRIED_AFTER <= now;
      known.refusal = { ...refusal, isRetried: isDue || retryRefused };
    }
  }
}
