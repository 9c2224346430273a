import { ConnectSettingsSchema } from '../../../contract/destination';
import { STATUSES_IF_NEW, type StatusIfNew } from '../../../contract/outcome';
import { ExportError } from '../../../errors';
import { STATUS_IF_NEW_MEANING } from '../../../text/consent-facts';
import { answered, inFile, type Draft, type Setup, type Step } from '../setup';

/** The connector asks no such question. Without it, people could be subscribed by accident. */
export const newContacts: Step = {
  title: 'Contacts that are new to the audience',
  answer: async (setup, draft) => {
    const { options, prompts } = setup;
    if (options.statusIfNew !== undefined) return withProof(setup, draft, options.statusIfNew);
    const proposed =
      draft.statusIfNew ??
      inFile(setup, draft.destinationId)?.connect.statusIfNew ??
      // The forms of such an audience ask people to confirm, and so do we.
      (answered(draft, 'audience').doubleOptin ? 'pending' : 'subscribed');
    const chosen = await prompts?.choose({
      message: 'Status of contacts that are new to the audience',
      choices: STATUSES_IF_NEW.map((value) => ({
        value,
        label: value,
        hint: STATUS_IF_NEW_MEANING[value] ?? '',
      })),
      initial: proposed,
    });
    return withProof(setup, draft, chosen ?? proposed);
  },
  summary: (draft) => {
    const status = answered(draft, 'statusIfNew');
    const { consentProof: proof } = draft;
    return [
      ['Status if new', `${status}: ${STATUS_IF_NEW_MEANING[status] ?? ''}`],
      ...(proof === undefined ? [] : [['Proof of consent', proof] as const]),
    ];
  },
};

/** Who is subscribed without being asked to confirm, where the forms of the audience ask, needs a proof of consent. */
async function withProof(setup: Setup, draft: Draft, statusIfNew: StatusIfNew): Promise<Draft> {
  const proof = await proofOf(setup, draft, statusIfNew);
  const { consentProof: _, ...others } = draft;
  return { ...others, statusIfNew, ...(proof !== undefined && { consentProof: proof }) };
}

async function proofOf(setup: Setup, draft: Draft, statusIfNew: StatusIfNew): Promise<string | undefined> {
  const { options, prompts } = setup;
  const { destinationId } = draft;
  const known =
    options.consentProof ?? draft.consentProof ?? inFile(setup, destinationId)?.connect.consentProof;
  if (statusIfNew !== 'subscribed' || !answered(draft, 'audience').doubleOptin) return known;
  if (options.consentProof === undefined && prompts) {
    return prompts.text({
      message: 'Where have these people proven their consent? One sentence',
      initial: known,
      check: (text) => (isProof(text) ? undefined : 'A sentence of 10 to 500 characters.'),
    });
  }
  const before = destinationId === undefined ? undefined : await setup.viewOf(destinationId);
  // One that was connected before a proof was asked for goes on without one.
  if (known !== undefined || before?.statusIfNew === 'subscribed') return known;
  throw new ExportError(
    'CONSENT_PROOF_REQUIRED',
    'The audience has double opt-in, and "subscribed" does not ask new contacts to confirm. Say with --consent-proof where they have proven their ' +
      'consent, or take --status-if-new pending. Nothing was changed.',
  );
}

function isProof(text: string): boolean {
  return ConnectSettingsSchema.shape.consentProof.safeParse(text).success;
}
