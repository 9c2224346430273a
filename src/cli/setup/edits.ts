import { editConfig, type ConfigEdit } from '../../config/edit-config';
import { emailsOf } from '../../contract/requested-matching';
import { answered, inFile, type Draft, type Setup } from './setup';

/** The configuration file with the answers in it. What a destination has besides stays as it is. */
export function fileWith(setup: Setup, draft: Draft): string {
  return editConfig(setup.file.text, editsOf(setup, draft));
}

function editsOf(setup: Setup, draft: Draft): readonly ConfigEdit[] {
  const id = answered(draft, 'destinationId');
  const at = (...names: string[]) => ['destinations', id, ...names];
  const known = inFile(setup, id);
  const connect = {
    name: answered(draft, 'name'),
    account: answered(draft, 'account'),
    audienceId: answered(draft, 'audienceId'),
    source: answered(draft, 'source'),
    statusIfNew: answered(draft, 'statusIfNew'),
    ...(draft.consentProof !== undefined && { consentProof: draft.consentProof }),
  };
  const edits: ConfigEdit[] = [...accountEdits(setup, draft)];
  for (const [name, value] of Object.entries(connect)) edits.push({ at: at('connect', name), value });
  const email = answered(draft, 'email');
  // A list of addresses stays, as long as the preferred one does.
  if (!known?.configure || emailsOf(known.configure)[0] !== email)
    edits.push({ at: at('configure', 'email'), value: email });
  edits.push(...fieldEdits(setup, draft).map(({ at: names, value }) => ({ at: at(...names), value })));
  edits.push({ at: at('configure', 'segments'), value: answered(draft, 'segments') });
  if ((draft.adoptTags ?? false) !== (known?.configure?.adoptTags ?? false))
    edits.push({ at: at('configure', 'adoptTags'), value: draft.adoptTags ?? false });
  return edits;
}

/** Only where the account is new, or where its user signed in another way. */
function accountEdits({ file }: Setup, draft: Draft): readonly ConfigEdit[] {
  const account = answered(draft, 'account');
  const reference = draft.credential?.reference;
  const known = Object.hasOwn(file.config.accounts, account) ? file.config.accounts[account] : undefined;
  if (reference === undefined || known?.apiKey === reference) return [];
  return [
    { at: ['accounts', account, 'apiKey'], value: reference },
    ...(known?.oauth ? [{ at: ['accounts', account, 'oauth'], value: undefined }] : []),
  ];
}

/** A field with settings of its own keeps them. */
function fieldEdits(setup: Setup, draft: Draft): readonly ConfigEdit[] {
  const fields = answered(draft, 'fields');
  const kept = draft.keptFields ?? [];
  const known: Readonly<Record<string, unknown>> =
    inFile(setup, answered(draft, 'destinationId'))?.configure?.fields ?? {};
  const removed = Object.keys(known).filter((tag) => !Object.hasOwn(fields, tag) && !kept.includes(tag));
  return [
    ...removed.map((tag) => ({ at: ['configure', 'fields', tag], value: undefined })),
    ...Object.entries(fields).map(([tag, attribute]) => ({
      at: ['configure', 'fields', tag, ...(typeof known[tag] === 'object' ? ['attribute'] : [])],
      value: attribute,
    })),
  ];
}
