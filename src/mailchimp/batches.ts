import { z } from 'zod';
import type { BatchOperation, BatchState } from '../ports/mailchimp';
import { ExportError } from '../errors';
import { PAGE } from './audiences';
import type { Connection } from './connection';

const BatchSchema = z.object({
  id: z.string().min(1),
  status: z.enum(['pending', 'preprocessing', 'started', 'finalizing', 'finished']),
  total_operations: z.int(),
  finished_operations: z.int(),
});
type Batch = z.infer<typeof BatchSchema>;

const FIELDS = ['id', 'status', 'total_operations', 'finished_operations'];

/**
 * Submits a batch and returns its id. Sent again only when Mailchimp did not process the request: a batch whose reply was lost may be
 * running.
 * @throws ExportError MAILCHIMP_UNAVAILABLE, with details `class` `reply_lost` or `timeout` when the batch may be running
 */
export async function submitBatch(
  connection: Connection,
  operations: readonly BatchOperation[],
): Promise<string> {
  const batch = await connection.send({
    what: 'submit a batch',
    method: 'POST',
    route: '/batches',
    body: JSON.stringify({
      operations: operations.map(({ method, path, operationId, body }) => ({
        method,
        path,
        operation_id: operationId,
        body,
      })),
    }),
    reply: z.object({ id: z.string().min(1) }),
    once: true,
  });
  return batch.id;
}

/** States in the order of `batchIds`. One listing returns most of them; the ones that it does not contain are read one by one. */
export async function batches(
  connection: Connection,
  batchIds: readonly string[],
): Promise<readonly BatchState[]> {
  const listed = batchIds.length > 1 ? await listBatches(connection) : new Map<string, Batch>();
  const states: BatchState[] = [];
  for (const batchId of batchIds) {
    const batch = listed.get(batchId) ?? (await findBatch(connection, batchId));
    states.push(batch ? toState(batch) : { batchId, status: 'gone', total: 0, finished: 0 });
  }
  return states;
}

async function listBatches(connection: Connection): Promise<ReadonlyMap<string, Batch>> {
  const reply = await connection.send({
    what: 'list the batches',
    method: 'GET',
    route: '/batches',
    query: { count: PAGE, fields: FIELDS.map((field) => `batches.${field}`).join(',') },
    reply: z.object({ batches: z.array(BatchSchema) }),
  });
  return new Map(reply.batches.map((batch) => [batch.id, batch]));
}

/** All batches of the account, of any tool, that were submitted at `since` (milliseconds since 1970) or later. */
export async function batchesSince(connection: Connection, since: number): Promise<readonly BatchState[]> {
  const found: BatchState[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const reply = await connection.send({
      what: 'list the batches',
      method: 'GET',
      route: '/batches',
      query: { count: PAGE, offset },
      reply: z.object({
        batches: z.array(BatchSchema.extend({ submitted_at: z.string() })),
        total_items: z.int().default(0),
      }),
    });
    const isOurTime = ({ submitted_at: at }: { submitted_at: string }) => !(Date.parse(at) < since);
    found.push(...reply.batches.filter(isOurTime).map(toState));
    if (reply.batches.length === 0 || offset + reply.batches.length >= reply.total_items) return found;
  }
}

async function findBatch(connection: Connection, batchId: string): Promise<Batch | undefined> {
  return unlessGone(
    connection.send({
      what: 'read a batch',
      method: 'GET',
      route: '/batches/{batch_id}',
      params: { batch_id: batchId },
      query: { fields: FIELDS.join(',') },
      reply: BatchSchema,
    }),
  );
}

/** Deletes a batch: it stops, and its results are lost. A batch that is gone is not an error. */
export async function deleteBatch(connection: Connection, batchId: string): Promise<void> {
  await unlessGone(
    connection.send({
      what: 'delete a batch',
      method: 'DELETE',
      route: '/batches/{batch_id}',
      params: { batch_id: batchId },
      reply: z.unknown(),
      ends: true,
    }),
  );
}

const ResultsSchema = z.object({ status: z.string(), response_body_url: z.string().default('') });

export interface ResultsPlace {
  readonly status: string;
  /** Signed and valid for ten minutes; each read of the batch returns a new one. May be empty. */
  readonly url: string;
}

/** Where the results are; undefined when the batch is gone. Mailchimp keeps results for seven days. */
export async function resultsPlace(
  connection: Connection,
  batchId: string,
): Promise<ResultsPlace | undefined> {
  const batch = await unlessGone(
    connection.send({
      what: "find a batch's results",
      method: 'GET',
      route: '/batches/{batch_id}',
      params: { batch_id: batchId },
      query: { fields: 'status,response_body_url' },
      reply: ResultsSchema,
    }),
  );
  return batch && { status: batch.status, url: batch.response_body_url };
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ExportError && error.details['status'] === 404) return undefined;
    throw error;
  }
}

function toState(batch: Batch): BatchState {
  return {
    batchId: batch.id,
    status: batch.status,
    total: batch.total_operations,
    finished: batch.finished_operations,
  };
}
