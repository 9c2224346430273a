import { minus } from './sets';
import type { Member, World } from './world';

// What Mailchimp does, as far as an export meets it; the model's other half.

export interface Row {
  readonly address: string;
  /** By merge tag; only those that the row carries. */
  readonly values: Readonly<Record<string, string>>;
  readonly tags: ReadonlySet<string>;
}

/** Writes a row with `status_if_new`; the result of it. */
export function upsert(world: World, row: Row): string {
  const { address, values, tags } = row;
  const { members, switches, statusIfNew } = world;
  if (address.endsWith('@example.com')) return 'rejected fake';
  if (switches.roleAddressesRefused && address.startsWith('postmaster@')) return 'rejected unknown';
  if (world.forgotten.has(address)) return 'suppressed forgotten';
  const member = members.get(address);
  const signsUp = !member && (statusIfNew === 'subscribed' || statusIfNew === 'pending');
  if (signsUp && world.now < (world.throttledUntil.get(address) ?? 0)) return 'throttled too_many_signups';
  const isKept = member?.isLocked && !switches.optedOutTakesUpdates;
  // A row that changed nothing may be in no list of the reply; then the member is looked up, and has to be as the row says.
  if (member && isKept)
    return switches.unchangedRowInReply || isAs(member, row) ? 'acknowledged' : 'unproven';
  const written: Member = member ?? { status: statusIfNew, fields: {}, tags: new Set(), isLocked: false };
  if (written.status === 'archived' && !switches.archivedStaysArchived) written.status = statusIfNew;
  Object.assign(written.fields, values);
  for (const tag of tags) written.tags.add(tag);
  members.set(address, written);
  return 'acknowledged';
}

function isAs(member: Member, { values, tags }: Row): boolean {
  const isSame = Object.entries(values).every(([tag, value]) => (member.fields[tag] ?? '') === value);
  return isSame && [...tags].every((tag) => member.tags.has(tag));
}

/** Archives a member that has no tag left; why not, where it may not be archived. */
export function archive({ members }: World, address: string): string {
  const member = members.get(address);
  if (!member) return 'not_in_audience';
  if (member.status === 'pending') return 'pending';
  if (member.status === 'archived') return 'already_archived';
  if (member.status !== 'subscribed' && member.status !== 'transactional') return 'opted_out';
  if (member.tags.size > 0) return 'foreign_tags';
  member.status = 'archived';
  return 'archived';
}

export function untag({ members }: World, address: string, tag: string): string {
  members.get(address)?.tags.delete(tag);
  return 'acknowledged';
}

/** The census that applies: a new one where there is none, a tag was adopted, or the export asks for it. */
export function censusFor(world: World, asked: { readonly census: boolean }): World['census'] {
  const isDue = asked.census || world.adopted.size > 0;
  return (!isDue && world.census) || takeCensus(world);
}

/** Members with the tags that are never ours, because they carried them already. */
function takeCensus({ members, held }: World): World['census'] {
  const ours = (address: string) => held.get(address)?.tags ?? new Set();
  return new Map(
    [...members].map(([address, { status, tags }]) => [
      address,
      { status, tags: minus(tags, ours(address)) },
    ]),
  );
}
