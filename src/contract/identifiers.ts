import { z } from 'zod';

/** A name that becomes part of workflow ids, task queues and folder names. */
export const NameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, '1 to 63 small letters, digits, "-" or "_"');

export const DestinationIdSchema = NameSchema.describe(
  'Name of the destination, unique in the Temporal namespace.',
);

/** Names one export of one destination, running, queued or ended. */
export interface ExportRef {
  readonly destinationId: string;
  /** A UUID that the destination gave. */
  readonly exportId: string;
}

export const DESTINATION_ID_PREFIX = 'mailchimp/';
const SCHEDULE_ID_PREFIX = 'mailchimp-refresh/';
const ACCOUNT_ID_PREFIX = 'mailchimp-account/';
export const STORE_QUEUE_PREFIX = 'mailchimp-store-';

export function destinationWorkflowId(destinationId: string): string {
  return `${DESTINATION_ID_PREFIX}${destinationId}`;
}

/** Without a number, and the same for every kind of job: so the server allows one open job of a destination. */
export function exportWorkflowId(destinationId: string): string {
  return `${destinationWorkflowId(destinationId)}/export`;
}

/** One for each notice: the server starts no second workflow with the same id. */
export function alertWorkflowId(destinationId: string, noticeId: string): string {
  return `${destinationWorkflowId(destinationId)}/alert/${noticeId}`;
}

/** Of a Temporal Schedule. The refreshes that it starts have the same id with the time at the end. */
export function temporalScheduleId(name: string): string {
  return `${SCHEDULE_ID_PREFIX}${name}`;
}

/** @returns undefined for a schedule that cannot be ours */
export function scheduleNameOf(scheduleId: string): string | undefined {
  const name = scheduleId.slice(SCHEDULE_ID_PREFIX.length);
  return scheduleId.startsWith(SCHEDULE_ID_PREFIX) && NameSchema.safeParse(name).success ? name : undefined;
}

/** The task queue that only workers with access to this store poll. */
export function storeQueue(storeId: string): string {
  return `${STORE_QUEUE_PREFIX}${storeId}`;
}

export interface AccountUser {
  /** Data centre of the account, or a part for the address that is used in its place. */
  readonly place: string;
  readonly accountId: string;
  readonly loginId: string;
}

/** The budget of a Mailchimp user, for the workers of one task queue. */
export function accountWorkflowId({ place, accountId, loginId }: AccountUser, taskQueue: string): string {
  return `${ACCOUNT_ID_PREFIX}${place}/${accountId}/${loginId}@${taskQueue}`;
}
