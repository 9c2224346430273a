import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DEFAULT_FOLDER_OF_KEYS } from './keep-key';
import type { Prompts } from '../shell/prompts';
import type { Credential, Setup } from './setup';

/** A way to sign in to Mailchimp. A further one is an entry of `SIGN_INS`. */
interface SignIn {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  /** Asks for what it needs. Keeps nothing. */
  readonly run: (setup: Setup, account: string, prompts: Prompts) => Promise<Credential>;
}

const SIGN_INS: readonly SignIn[] = [
  {
    id: 'type',
    label: 'Type an API key',
    hint: 'kept in a file that only you can read; Mailchimp: Profile > Extras > API keys',
    run: async (_setup, account, prompts) => {
      const typed = await prompts.secret({
        message: 'API key',
        check: (key) =>
          key === '' ? 'A key is 32 letters and digits, a dash and the data centre.' : undefined,
      });
      return { reference: `file:${join(DEFAULT_FOLDER_OF_KEYS, account)}`, typed };
    },
  },
  {
    id: 'variable',
    label: 'An API key in an environment variable',
    hint: 'set here and for the worker',
    run: async (_setup, _account, prompts) => {
      const name = await prompts.text({
        message: 'Name of the variable',
        initial: 'MAILCHIMP_API_KEY',
        check: (text) => (process.env[text] ? undefined : `${text} is not set in this environment.`),
      });
      return { reference: `env:${name}` };
    },
  },
  {
    id: 'file',
    label: 'An API key in a file',
    hint: 'that this user and the worker can read',
    run: async ({ file }, _account, prompts) => {
      const path = await prompts.text({
        message: 'Path of the file',
        check: (text) =>
          text !== '' && existsSync(resolve(file.baseFolder, text)) ? undefined : 'There is no such file.',
      });
      return { reference: `file:${path}` };
    },
  },
];

/** Lets the user choose a way to sign in. @throws WentBack, Interrupted */
export async function authenticateWith(setup: Setup, account: string, prompts: Prompts): Promise<Credential> {
  const [first] = SIGN_INS;
  const choices = SIGN_INS.map(({ id, label, hint }) => ({ value: id, label, hint }));
  const chosen = await prompts.choose({ message: 'Authenticate with Mailchimp', choices });
  return (SIGN_INS.find(({ id }) => id === chosen) ?? first!).run(setup, account, prompts);
}
