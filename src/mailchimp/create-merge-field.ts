import { z } from 'zod';
import type { MergeField } from '../contract/merge-field';
import { isAsWanted, whyNotCreated, type NewMergeField } from '../contract/new-merge-field';
import { ExportError } from '../errors';
import { mergeFields } from './audiences';
import type { Connection } from './connection';

const CreatedSchema = z.object({ tag: z.string() });

/**
 * Creates a field that is not required. Repeated, it finds the field of the first time.
 * @throws ExportError MERGE_FIELD_TAKEN
 */
export async function createMergeField(
  connection: Connection,
  audienceId: string,
  field: NewMergeField,
): Promise<MergeField> {
  const found = await findField(connection, audienceId, field);
  if (found) return found;
  try {
    await connection.send({
      what: `create the merge field ${field.tag}`,
      method: 'POST',
      route: '/lists/{list_id}/merge-fields',
      params: { list_id: audienceId },
      body: JSON.stringify({ ...field, required: false }),
      reply: CreatedSchema,
      once: true,
    });
  } catch (error) {
    // A lost reply may be that of a field which is there now.
    const created = await findField(connection, audienceId, field).catch(() => undefined);
    if (created) return created;
    throw error;
  }
  const created = await findField(connection, audienceId, field);
  if (created) return created;
  throw new ExportError(
    'MAILCHIMP_UNAVAILABLE',
    `Mailchimp has created the merge field ${field.tag}, and does not list it yet. Try again.`,
  );
}

async function findField(
  connection: Connection,
  audienceId: string,
  wanted: NewMergeField,
): Promise<MergeField | undefined> {
  const fields = await mergeFields(connection, audienceId);
  const found = fields.find(({ tag }) => tag === wanted.tag);
  if (found && isAsWanted(wanted, found)) return found;
  const why = whyNotCreated(wanted, fields);
  if (why === undefined) return undefined;
  throw new ExportError('MERGE_FIELD_TAKEN', `Could not create the merge field ${wanted.tag}: ${why}.`);
}
