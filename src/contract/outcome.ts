import { z } from 'zod';

/** What became of one subject (a selected profile or a departed address): exactly one of these. */
export const OUTCOMES = [
  'created',
  'updated',
  'unchanged',
  'removed',
  'invalid',
  'duplicate',
  'suppressed',
  'throttled',
  'rejected',
  'unproven',
  'not_sent',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Mailchimp's member statuses, as replies use them. */
export const MEMBER_STATUSES = [
  'subscribed',
  'pending',
  'transactional',
  'unsubscribed',
  'cleaned',
  'archived',
] as const;
export type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** Statuses of people who get no campaigns, by their own will or somebody's decision: nobody may be moved out of them. */
const OPTED_OUT: readonly string[] = ['unsubscribed', 'cleaned', 'archived'] satisfies MemberStatus[];

export function isProtectedStatus(status: string): boolean {
  return OPTED_OUT.includes(status);
}

/** Statuses that a new person may be given. There is no default: connecting asks. */
export const STATUSES_IF_NEW = ['subscribed', 'pending', 'unsubscribed', 'transactional'] as const;
export const StatusIfNewSchema = z.enum(STATUSES_IF_NEW);

export type OutcomeCounts = Record<Outcome, number>;
export type MemberStatusCounts = Record<MemberStatus, number>;

export function noOutcomes(): OutcomeCounts {
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as OutcomeCounts;
}

export function noMemberStatuses(): MemberStatusCounts {
  return Object.fromEntries(MEMBER_STATUSES.map((status) => [status, 0])) as MemberStatusCounts;
}
