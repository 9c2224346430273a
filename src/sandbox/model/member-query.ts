import type { Audience } from './audience';
import type { Member } from './member';

export interface MemberFilter {
  /** '' = every status but archived; 'any' = every status. */
  readonly status: string;
  readonly sinceLastChanged: number | undefined;
  readonly beforeLastChanged: number | undefined;
  readonly sinceOptIn: number | undefined;
  readonly beforeOptIn: number | undefined;
  readonly vipOnly: boolean;
  readonly emailType: string | undefined;
  readonly tagId: number | undefined;
  readonly sortField: string | undefined;
  readonly descending: boolean;
}

const EVERYBODY: MemberFilter = {
  status: 'any',
  sinceLastChanged: undefined,
  beforeLastChanged: undefined,
  sinceOptIn: undefined,
  beforeOptIn: undefined,
  vipOnly: false,
  emailType: undefined,
  tagId: undefined,
  sortField: undefined,
  descending: false,
};

const onlyByStatus = (filter: MemberFilter): boolean =>
  JSON.stringify({ ...filter, status: 'any' }) === JSON.stringify(EVERYBODY);

interface CachedPage {
  readonly version: number;
  readonly status: string;
  readonly members: readonly Member[];
}

// Reading a million members takes a thousand pages, so a page must not scan the whole audience.
const lastListing = new WeakMap<Audience, CachedPage>();

export function selectMembers(audience: Audience, filter: MemberFilter): readonly Member[] {
  if (!onlyByStatus(filter)) return sorted(collect(audience, filter), filter);
  const cached = lastListing.get(audience);
  if (cached?.version === audience.version && cached.status === filter.status) return cached.members;
  const members = collect(audience, filter);
  lastListing.set(audience, { version: audience.version, status: filter.status, members });
  return members;
}

function collect(audience: Audience, filter: MemberFilter): Member[] {
  const result: Member[] = [];
  for (const member of audience.members()) if (matches(member, filter)) result.push(member);
  return result;
}

function matches(member: Member, filter: MemberFilter): boolean {
  const { status, tagId } = filter;
  if (status === '' ? member.status === 'archived' : status !== 'any' && member.status !== status)
    return false;
  if (tagId !== undefined && !member.tags.ids.includes(tagId)) return false;
  if (filter.vipOnly && !member.extra?.vip) return false;
  if (filter.emailType !== undefined && (filter.emailType === 'text') !== member.plainText) return false;
  return (
    within(member.lastChanged, filter.sinceLastChanged, filter.beforeLastChanged) &&
    within(optInTime(member), filter.sinceOptIn, filter.beforeOptIn)
  );
}

const within = (time: number, since: number | undefined, before: number | undefined): boolean =>
  (since === undefined || time >= since) && (before === undefined || time <= before);

function sorted(members: Member[], filter: MemberFilter): readonly Member[] {
  if (filter.sortField === undefined) return members;
  const time = (member: Member): number =>
    filter.sortField === 'last_changed' ? member.lastChanged : optInTime(member);
  const ascending = members.toSorted((one, other) => time(one) - time(other));
  return filter.descending ? ascending.toReversed() : ascending;
}

/** Unix seconds; 0 for a member that has not opted in. */
function optInTime({ extra, optedInAt }: Member): number {
  return extra?.timestampOpt ? Math.floor(Date.parse(extra.timestampOpt) / 1000) : optedInAt;
}
