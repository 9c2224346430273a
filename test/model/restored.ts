import { audienceOf } from './audience';
import { pick } from './sets';
import { isSuppressed } from './suppression';
import { exportBefore } from './undo';
import type { Audience, Ended, World } from './world';

/**
 * The members that are exactly as they were once an export is taken back, said without saying how: all that others have left alone since the export before it,
 * which had sent what it has of them. Empty where anyone has acted after the export.
 */
export function mustBeAsBefore(world: World, undone: Ended): Audience {
  const before = exportBefore(world, undone);
  const { began, ended } = undone.audience;
  const now = audienceOf(world.members);
  if (!before || JSON.stringify(ended) !== JSON.stringify(now)) return {};
  return pick(
    began,
    (address) =>
      before.audience.ended[address] === began[address] && wasSent(world, { undone, before }, address),
  );
}

/** Its fields and tags are those that exports had sent. */
function wasSent(
  world: World,
  { undone, before }: { readonly undone: Ended; readonly before: Ended },
  address: string,
): boolean {
  const known = before.after.get(address);
  const values = before.people.get(address)?.values;
  const now = world.held.get(address);
  if (known?.state !== 'proven' || now?.state !== 'proven' || !values) return false;
  if (isSuppressed(world, address) || String(before.config.fields) !== String(undone.config.fields))
    return false;
  const isFilled = (tag: string) => values[tag] === (known.filled[tag] ?? '');
  const [status = '', fields = '', tags = ''] = (before.audience.ended[address] ?? '').split('; ');
  const filled = ['FNAME', 'AGE'].map((tag) => known.filled[tag] ?? '').join(', ');
  const hasTags = [...known.tags].every((tag) => tags.split(', ').includes(tag));
  return status === 'subscribed' && fields === filled && hasTags && before.config.fields.every(isFilled);
}
