import type { MemberStatus } from './member';

/** A segment. A static segment is a tag: Mailchimp uses both names for it. */
export interface Segment {
  readonly id: number;
  name: string;
  readonly type: 'static' | 'saved';
  readonly createdAt: number;
  updatedAt: number;
  readonly options: unknown;
  /** The number of members with the tag, by status. */
  readonly holders: Record<MemberStatus, number>;
}

export const noHolders = (): Record<MemberStatus, number> => ({
  subscribed: 0,
  unsubscribed: 0,
  cleaned: 0,
  pending: 0,
  transactional: 0,
  archived: 0,
});
