import { z } from 'zod';

const EXPORTED_OUTCOMES = ['created', 'updated', 'unchanged', 'removed', 'archived'] as const;

/** The outcomes that `export failures` lists. */
export const NOT_EXPORTED_OUTCOMES = [
  'invalid',
  'duplicate',
  'suppressed',
  'throttled',
  'rejected',
  'unproven',
  'not_sent',
] as const;

/** Every subject of an export (a selected profile or a departed address) has exactly one outcome. */
export const OUTCOMES = [...EXPORTED_OUTCOMES, ...NOT_EXPORTED_OUTCOMES] as const;
/** What happened to one profile, or to one address that has departed. @useDeclaredType */
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
/** Mailchimp's status of a member. @useDeclaredType */
export type MemberStatus = (typeof MEMBER_STATUSES)[number];

/** Statuses that exclude a member from campaigns. An export must not move a member out of them. */
export const PROTECTED_STATUSES: readonly string[] = [
  'unsubscribed',
  'cleaned',
  'archived',
] satisfies MemberStatus[];

/** Of these, the statuses of members that are in the audience and get no campaigns. */
export const OPTED_OUT_STATUSES: readonly string[] = ['unsubscribed', 'cleaned'] satisfies MemberStatus[];

export function isProtectedStatus(status: string): boolean {
  return PROTECTED_STATUSES.includes(status);
}

/** Statuses that a new contact may be given. There is no default: every connect request names one. */
export const STATUSES_IF_NEW = ['subscribed', 'pending', 'unsubscribed', 'transactional'] as const;
export const StatusIfNewSchema = z.enum(STATUSES_IF_NEW);
export type StatusIfNew = z.infer<typeof StatusIfNewSchema>;

/** How many have each outcome. */
export type OutcomeCounts = Record<Outcome, number>;
/** How many have each status. */
export type MemberStatusCounts = Record<MemberStatus, number>;

export function noOutcomes(): OutcomeCounts {
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as OutcomeCounts;
}

export function noMemberStatuses(): MemberStatusCounts {
  return Object.fromEntries(MEMBER_STATUSES.map((status) => [status, 0])) as MemberStatusCounts;
}

/** Why a profile is invalid. */
export const INVALID_RULES = [
  'email_missing',
  'email_malformed',
  'email_non_ascii_local_part',
  'email_two_addresses',
  'email_too_long',
  'required_field_empty',
  'value_does_not_fit',
] as const;
export type InvalidRule = (typeof INVALID_RULES)[number];
