import type { MoveStoreRequest } from '../../contract/destination';
import { ExportError } from '../../errors';
import { jobTitle } from '../../text/describe-export';
import type { Destination } from './live-destination';
import { requireConnected } from './requests';

/**
 * The rows of the destination are in a copy of its store from now on. Only between jobs: the steps of one go on where its rows are.
 * @throws ExportError NOT_CONNECTED, DESTINATION_BUSY, INPUT_INVALID
 */
export function requireMovable(destination: Destination, { from, to }: MoveStoreRequest): void {
  const { storeId } = requireConnected(destination);
  const { destinationId, state } = destination;
  if (storeId === to) return;
  if (storeId !== from)
    throw new ExportError(
      'INPUT_INVALID',
      `The destination ${destinationId} has the staging store ${storeId}, not ${from}. Nothing was changed.`,
    );
  // It ends with the store of the worker that checks it.
  if (destination.isConnecting)
    throw new ExportError(
      'DESTINATION_BUSY',
      `The destination ${destinationId} is being connected, so it keeps its staging store. Repeat the command.`,
    );
  const open = [...(state.unsettled ? [state.unsettled] : []), ...state.queue];
  if (open.length > 0)
    throw new ExportError(
      'DESTINATION_BUSY',
      `${open.map(jobTitle).join(' and then ')} of ${destinationId} have not ended, so it keeps its staging store. To see what they wait for: ` +
        `temporal-mailchimp export list ${destinationId}`,
    );
}

export function moveStore(destination: Destination, request: MoveStoreRequest): void {
  requireMovable(destination, request);
  destination.update((state) => ({
    ...state,
    connection: state.connection && { ...state.connection, storeId: request.to },
  }));
}
