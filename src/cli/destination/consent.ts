import { CONSENT_TEXT } from '../../contract/destination';
import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';

export interface ConsentOptions {
  readonly agree?: boolean;
  readonly as?: string;
}

/**
 * Consent to the data privacy statement, from the options or from a prompt.
 * @throws ExportError CONSENT_REQUIRED with the statement
 */
export async function obtainConsent(
  invocation: Invocation,
  { agree, as: name }: ConsentOptions,
): Promise<{ agreedBy: string; textVersion: string }> {
  const { terminal, options } = invocation;
  const textVersion = CONSENT_TEXT.version;
  if (agree) {
    const agreedBy =
      name ?? invocation.usageError('--agree needs --as NAME: the name of the user who agrees');
    return { agreedBy, textVersion };
  }
  if (!terminal.isTty || options.json) throw refused();
  terminal.err(statement());
  const answer = await terminal.ask('Type "I agree" to agree; any other answer cancels: ');
  if (!/^\s*"?i agree"?\.?\s*$/i.test(answer)) throw refused();
  return { agreedBy: name ?? (await askName(invocation)), textVersion };
}

async function askName({ terminal }: Invocation): Promise<string> {
  const name = (await terminal.ask('Your name (recorded in the history): ')).trim();
  if (name !== '') return name;
  throw refused();
}

/** The statement, wrapped for a terminal. */
export function statement(): string {
  const lines = CONSENT_TEXT.text.replaceAll(/(?=\S)(.{1,78})(?:\s|$)/g, '  $1\n');
  return `Data privacy statement (version ${CONSENT_TEXT.version}):\n\n${lines}`;
}

function refused(): ExportError {
  return new ExportError(
    'CONSENT_REQUIRED',
    `The destination was not connected, because it needs consent. ${statement()}\nTo agree, connect with --agree --as "YOUR NAME".`,
    { details: { textVersion: CONSENT_TEXT.version, text: CONSENT_TEXT.text } },
  );
}
