import type { TagSet } from './tag-sets';

export const MEMBER_STATUSES = [
  'subscribed',
  'unsubscribed',
  'cleaned',
  'pending',
  'transactional',
  'archived',
] as const;

/** Mailchimp's status of a member. @useDeclaredType */
export type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** Statuses that a request may set: `archived` appears only in replies. */
export const REQUEST_STATUSES: readonly string[] = MEMBER_STATUSES.filter((status) => status !== 'archived');

export type MergeValue = string | number | Readonly<Record<string, string>>;

/** Fields that few members have, stored separately to save memory with a million members. */
export interface MemberExtra {
  readonly language?: string;
  readonly vip?: boolean;
  readonly location?: { readonly latitude: number; readonly longitude: number };
  readonly interests?: Readonly<Record<string, boolean>>;
  readonly marketingPermissions?: readonly { readonly id: string; readonly enabled: boolean }[];
  readonly ipSignup?: string;
  readonly ipOpt?: string;
  readonly timestampSignup?: string;
  readonly timestampOpt?: string;
}

/** One member, in a compact form: ids, links and formatted times are created when a reply needs them. */
export interface Member {
  /** md5 of the lower-cased address. */
  key: string;
  /** As first sent, trimmed. */
  email: string;
  readonly webId: number;
  status: MemberStatus;
  /** In compliance state (opted out, bounced, or under review): the API cannot set it to `subscribed`. */
  locked: boolean;
  plainText: boolean;
  /** By slot of the merge field; a missing slot reads as ''. */
  values: (MergeValue | undefined)[];
  tags: TagSet;
  /** Unix seconds. */
  lastChanged: number;
  /** Unix seconds. */
  readonly addedAt: number;
  /** When it last became subscribed, in unix seconds; 0 = never. An opt-out does not change it. */
  optedInAt: number;
  extra: MemberExtra | undefined;
}
