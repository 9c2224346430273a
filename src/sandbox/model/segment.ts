import type { MemberStatus } from './member';

/** A segment. A static one is a tag: the same thing under two names. */
export interface Segment {
  readonly id: number;
  name: string;
  readonly type: 'static' | 'saved';
  readonly createdAt: number;
  updatedAt: number;
  readonly options: unknown;
  /** How many members of each status carry the tag. */
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
