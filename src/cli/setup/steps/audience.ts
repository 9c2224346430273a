import { ConnectSettingsSchema } from '../../../contract/destination';
import { NameSchema } from '../../../contract/identifiers';
import { ExportError } from '../../../errors';
import type { AudienceSummary } from '../../../ports/mailchimp';
import { countOf } from '../../../text/format';
import { isNotSignedIn, openAccount } from '../open-account';
import { answered, inFile, type Credential, type Draft, type Setup, type Step } from '../setup';

const DEFAULT_ACCOUNT = 'main';

export const audience: Step = {
  title: 'Mailchimp audience ID',
  missing: (setup) => {
    const known = inFile(setup, setup.destinationId)?.connect;
    const accounts = Object.keys(setup.file.config.accounts);
    return [
      ...(setup.options.account === undefined && !known && accounts.length > 1 ? ['--account <name>'] : []),
      ...(setup.options.audience === undefined && !known ? ['--audience <id>'] : []),
    ];
  },
  answer: async (setup, draft) => {
    const account = await accountOf(setup, draft);
    const credential = credentialOf(setup, draft, account);
    const audienceId = await audienceIdOf(setup, { ...draft, account, ...(credential && { credential }) });
    if (!isId(audienceId)) throw new ExportError('INPUT_INVALID', `--audience: ${NO_ID}`);
    const { credential: _, ...others } = draft;
    return { ...others, account, audienceId, ...(credential && { credential }) };
  },
  summary: (draft) => [['Audience ID', answered(draft, 'audienceId')]],
};

async function accountOf(setup: Setup, draft: Draft): Promise<string> {
  const { options, prompts, file } = setup;
  if (options.account !== undefined) return requireName(options.account);
  const names = Object.keys(file.config.accounts);
  const known = draft.account ?? inFile(setup, draft.destinationId)?.connect.account;
  if (names.length <= 1) return known ?? names[0] ?? DEFAULT_ACCOUNT;
  const choices = names.map((value) => ({ value, label: value }));
  return (
    (await prompts?.choose({ message: 'Mailchimp account', choices, initial: known })) ?? known ?? names[0]!
  );
}

function requireName(account: string): string {
  if (NameSchema.safeParse(account).success) return account;
  throw new ExportError(
    'INPUT_INVALID',
    '--account: a name has 1 to 63 small letters, digits, "-" or "_". It is the name of the account in the configuration file.',
  );
}

/** What was entered for this account before, or a flag. Undefined: as the file has it. */
function credentialOf({ options }: Setup, draft: Draft, account: string): Credential | undefined {
  if (options.apiKey !== undefined) return { reference: options.apiKey };
  return draft.account === account ? draft.credential : undefined;
}

const OTHER = 'other';
const NO_ID = 'the id of an audience has ten hexadecimal digits, such as 1a2b3c4d5e';

function isId(text: string): boolean {
  return ConnectSettingsSchema.shape.audienceId.safeParse(text).success;
}

async function audienceIdOf(setup: Setup, draft: Draft): Promise<string> {
  const { options, prompts } = setup;
  const known = draft.audienceId ?? inFile(setup, draft.destinationId)?.connect.audienceId;
  if (options.audience !== undefined) return options.audience;
  if (!prompts) return known ?? '';
  const audiences = await audiencesOf(setup, draft);
  const message = 'Mailchimp audience ID';
  if (audiences) {
    const chosen = await prompts.choose({
      message,
      choices: [...audiences.map(describe), { value: OTHER, label: 'Another id' }],
      initial: audiences.some(({ id }) => id === known) ? known : undefined,
    });
    if (chosen !== OTHER) return chosen;
  }
  return prompts.text({
    message: `${message} (Mailchimp: Audience > Settings > Audience name and defaults)`,
    initial: known,
    check: (id) => (isId(id) ? undefined : NO_ID),
  });
}

/** @returns undefined where the account needs a sign-in first, which is the next step */
async function audiencesOf(setup: Setup, draft: Draft): Promise<readonly AudienceSummary[] | undefined> {
  try {
    const mailchimp = await openAccount(setup, {
      account: answered(draft, 'account'),
      credential: draft.credential,
    });
    return await mailchimp.audiences();
  } catch (error) {
    if (isNotSignedIn(error)) return undefined;
    throw error;
  }
}

function describe({ id, name, subscribed, doubleOptin }: AudienceSummary) {
  const hint = `${countOf(subscribed, 'subscribed contact')}${doubleOptin ? ', double opt-in' : ''}`;
  return { value: id, label: `${name} (${id})`, hint };
}
