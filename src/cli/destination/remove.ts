import type { DestinationView } from '../../contract/destination-view';
import { confirm, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';

interface RemoveOptions {
  readonly as: string;
  readonly yes?: boolean;
}

export async function removeDestination(
  invocation: Invocation,
  destinationId: string,
  options: RemoveOptions,
): Promise<number | undefined> {
  if (!(await isConfirmed(invocation, destinationId, options))) return nothingChanged(invocation);
  const view: DestinationView = await withClient(invocation, (client) =>
    client.remove(destinationId, { removedBy: options.as }),
  );
  print(invocation, {
    json: view,
    text: () =>
      `Removed "${destinationId}". Consent is withdrawn and staged rows are deleted. Exported contacts stay in the audience ` +
      `${view.audience.name} unchanged.`,
  });
  return undefined;
}

async function isConfirmed(
  invocation: Invocation,
  destinationId: string,
  { yes }: RemoveOptions,
): Promise<boolean> {
  if (yes) return true;
  requireTerminal(invocation, 'remove needs --yes');
  return confirm(
    invocation,
    `Remove "${destinationId}"? Consent is withdrawn, a running export is cancelled and staged rows are deleted.`,
  );
}
