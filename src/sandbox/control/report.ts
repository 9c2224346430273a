import type { Audience } from '../model/audience';
import type { Member, MemberStatus } from '../model/member';
import type { World } from '../world';

/** Counts of an audience. */
export interface AudienceState {
  readonly id: string;
  readonly name: string;
  /** All members except archived ones. */
  readonly members: number;
  readonly byStatus: Readonly<Record<MemberStatus, number>>;
  /** Tag name: number of members with the tag, of every status except archived. */
  readonly tags: Readonly<Record<string, number>>;
  /** Number of permanently deleted addresses. */
  readonly forgotten: number;
}

/** A member as the audience has it. */
export interface MemberState {
  readonly email: string;
  readonly status: MemberStatus;
  /** Opted out, bounced, or under review: the API cannot subscribe it. */
  readonly inCompliance: boolean;
  readonly mergeFields: Readonly<Record<string, unknown>>;
  /** Names, in the order in which they were added. */
  readonly tags: readonly string[];
  /** Unix seconds. */
  readonly lastChanged: number;
}

export function audienceState(audience: Audience): AudienceState {
  const { byStatus, profile } = audience;
  const tags: Record<string, number> = {};
  for (const { name, type, holders } of audience.segments.values())
    if (type === 'static') tags[name] = total(holders) - holders.archived;
  return {
    id: profile.id,
    name: profile.name,
    members: total(byStatus) - byStatus.archived,
    byStatus: { ...byStatus },
    tags,
    forgotten: audience.forgotten.size,
  };
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function memberState(audience: Audience, member: Member): MemberState {
  const mergeFields: Record<string, unknown> = {};
  for (const field of audience.mergeFields) mergeFields[field.tag] = member.values[field.slot] ?? '';
  return {
    email: member.email,
    status: member.status,
    inCompliance: member.locked,
    mergeFields,
    tags: member.tags.ids.map((id) => audience.segments.get(id)!.name),
    lastChanged: member.lastChanged,
  };
}

/** Members to look for; without a field, all. */
export interface MemberStateFilter {
  readonly status?: MemberStatus;
  readonly tag?: string;
  readonly email?: string;
}

/** Yields every member that matches the filter, of every status. */
export function* memberStates(audience: Audience, filter: MemberStateFilter = {}): Generator<MemberState> {
  const tag = filter.tag === undefined ? undefined : audience.tag(filter.tag);
  if (filter.tag !== undefined && !tag) return;
  const found = filter.email === undefined ? undefined : audience.byAddress(filter.email);
  if (filter.email !== undefined && !found) return;
  for (const member of found ? [found] : audience.members()) {
    if (filter.status !== undefined && member.status !== filter.status) continue;
    if (tag && !member.tags.ids.includes(tag.id)) continue;
    yield memberState(audience, member);
  }
}

/** The complete state except the members. */
export function worldState(world: World): object {
  const { accounts, counters, faults, settings, warnings } = world;
  return {
    audiences: accounts.flatMap((account) => [...account.audiences.values()].map(audienceState)),
    batches: accounts.flatMap((account) =>
      [...account.batches.values()].map(({ id, state, total, finished, errored }) => ({
        id,
        state,
        total,
        finished,
        errored,
      })),
    ),
    requests: counters.list(),
    bytes: counters.bytes,
    work: counters.work,
    maxConcurrent: counters.maxConcurrent,
    inFlight: accounts.reduce((sum, account) => sum + account.inFlight, 0),
    accounts: accounts.map(({ id, inFlight, maxConcurrent }) => ({ id, inFlight, maxConcurrent })),
    faults: faults.list(),
    warnings: [...warnings],
    settings,
  };
}
