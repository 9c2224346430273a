import { whyNotCovered } from '../../contract/destination';
import { StatusIfNewSchema } from '../../contract/outcome';
import type { DestinationView } from '../../contract/destination-view';
import { ExportError } from '../../errors';
import { instant } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { obtainConsent, type ConsentOptions } from './consent';

/** Agrees to the settings as they are. A consent that is recorded and covers them stays. */
export async function giveConsent(
  invocation: Invocation,
  destinationId: string,
  options: ConsentOptions,
): Promise<undefined> {
  const { view, isNew } = await withClient(invocation, async (client) => {
    const before = await client.describe(destinationId);
    if (before.phase === 'removed') throw removed(destinationId);
    const statusIfNew = StatusIfNewSchema.parse(before.statusIfNew);
    const why = whyNotCovered(before, { source: before.source, statusIfNew });
    if (why === undefined) return { view: before, isNew: false };
    const consent = await obtainConsent(invocation, options, why);
    const { name, account, audience, source, labels, consent: known } = before;
    // Where consent was proven did not change with its withdrawal.
    const proof = known?.proof === undefined ? {} : { consentProof: known.proof };
    const settings = { name, account, audienceId: audience.id, source, statusIfNew, labels: [...labels] };
    return { view: await client.connect(destinationId, { ...settings, ...proof, consent }), isNew: true };
  });
  print(invocation, { json: view, text: () => describe(view, isNew) });
  return undefined;
}

function describe({ destinationId, consent, configuration }: DestinationView, isNew: boolean): string {
  const { agreedBy = '', agreedAt = '' } = consent ?? {};
  if (!isNew)
    return `"${destinationId}" has consent already: ${agreedBy}, ${instant(agreedAt)}. Nothing was changed.`;
  const next = configuration ? 'export start' : 'destination configure';
  return `Consent for "${destinationId}" is given by ${agreedBy}.\nNext: temporal-mailchimp ${next} ${destinationId}`;
}

function removed(destinationId: string): ExportError {
  return new ExportError(
    'DESTINATION_REMOVED',
    `The destination ${destinationId} was removed. Connect it again to use it.`,
  );
}
