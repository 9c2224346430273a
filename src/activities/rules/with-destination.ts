import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { ExportError } from '../../errors';
import type { CompactDestinationView } from '../../contract/destination-view';
import type { RefreshedDestination } from '../../contract/refresh';
import { refusalFor } from '../../text/why-skipped';
import { lookAtDestination, type Asker } from './look-at-destination';
import { refusalIn, silenceOf } from './refusal';

/**
 * Looks at a destination of the task queue of this activity, and asks it something. A destination that gives no answer is asked again by the
 * retries of the activity.
 *
 * @throws ExportError with the refusal of the destination
 */
export async function withDestination<Result>(
  destinationId: string,
  ask: (asker: Asker, view: CompactDestinationView) => Promise<Result>,
): Promise<Result> {
  const { client, info } = Context.current();
  const asker = { client, taskQueue: info.taskQueue };
  try {
    const look = await lookAtDestination(asker, destinationId);
    if ('line' in look) throw look.refusal ?? refusalOf(look.line);
    return await ask(asker, look.view);
  } catch (error) {
    if (error instanceof ExportError) throw error;
    const refusal = refusalIn(error);
    if (refusal) throw refusal;
    const { code, message } = silenceOf(error);
    throw ApplicationFailure.create({ type: code, message, nonRetryable: false });
  }
}

function refusalOf({ destinationId, skipped = 'not_found' }: RefreshedDestination): ExportError {
  const { code, message } = refusalFor(skipped, destinationId);
  return new ExportError(code, message);
}
