import { z } from 'zod';

/** Names that end up in workflow ids, task queues and folder names; so no separators, no case, no surprises. */
export const NameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, 'use 1 to 63 small letters, digits, "-" or "_"');

export const DestinationIdSchema = NameSchema.describe(
  'Name of the destination, unique in the Temporal namespace.',
);

/** One export of one destination: names its staging folder. The id is a uuid4 made by the destination. */
export interface ExportRef {
  readonly destinationId: string;
  readonly exportId: string;
}

export const DESTINATION_ID_PREFIX = 'mailchimp/';
export const STORE_QUEUE_PREFIX = 'mailchimp-store-';

export function destinationWorkflowId(destinationId: string): string {
  return `${DESTINATION_ID_PREFIX}${destinationId}`;
}

/** Fixed, not numbered: so the server itself allows one open export for a destination. */
export function exportWorkflowId(destinationId: string): string {
  return `${destinationWorkflowId(destinationId)}/export`;
}

/** Only workers that reach this store's folder poll its queue. */
export function storeQueue(storeId: string): string {
  return `${STORE_QUEUE_PREFIX}${storeId}`;
}
