import type { DestinationView } from '../../contract/destination-view';
import { isConfirmed, nothingChanged } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';

export interface WithdrawOptions {
  readonly as: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

export async function withdrawConsent(
  invocation: Invocation,
  destinationId: string,
  options: WithdrawOptions,
): Promise<number | undefined> {
  const { as: withdrawnBy, reason, yes } = options;
  const question = `Withdraw the consent for "${destinationId}"? A running export is cancelled, and further ones are refused until it is given again.`;
  if (!(await isConfirmed(invocation, { yes, needs: 'withdraw-consent needs --yes' }, question)))
    return nothingChanged(invocation);
  const view: DestinationView = await withClient(invocation, (client) =>
    client.withdrawConsent(destinationId, { withdrawnBy, ...(reason !== undefined && { reason }) }),
  );
  print(invocation, {
    json: view,
    text: () =>
      `Consent for "${destinationId}" is withdrawn: nothing is exported from now on, and schedules skip it. ` +
      `Exported contacts stay in the audience ${view.audience.name} unchanged.\n` +
      `To give it again: temporal-mailchimp destination give-consent ${destinationId}`,
  });
  return undefined;
}
