import { CONSENT_TEXT } from '../../contract/destination';
import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';

export interface ConsentOptions {
  readonly agree?: boolean;
  readonly as?: string;
}

/**
 * Who agrees to the data privacy statement: as the options say, or as a person answers.
 * @throws ExportError CONSENT_REQUIRED with the statement
 */
export async function obtainConsent(
  invocation: Invocation,
  { agree, as: who }: ConsentOptions,
): Promise<{ agreedBy: string; textVersion: string }> {
  const { terminal, options } = invocation;
  const textVersion = CONSENT_TEXT.version;
  if (agree) {
    const agreedBy =
      who ?? invocation.usageError('--agree needs --as WHO: the name of the person who agrees');
    return { agreedBy, textVersion };
  }
  if (!terminal.isTty || options.json) throw refused();
  terminal.err(statement());
  const said = await terminal.ask('Type "I agree" to agree, anything else to stop: ');
  if (!/^\s*"?i agree"?\.?\s*$/i.test(said)) throw refused();
  return { agreedBy: who ?? (await askName(invocation)), textVersion };
}

async function askName({ terminal }: Invocation): Promise<string> {
  const name = (await terminal.ask('Your name (kept in the history): ')).trim();
  if (name !== '') return name;
  throw refused();
}

/** What is agreed to, to be read in a terminal. */
export function statement(): string {
  const lines = CONSENT_TEXT.text.replaceAll(/(?=\S)(.{1,78})(?:\s|$)/g, '  $1\n');
  return `Data privacy statement (version ${CONSENT_TEXT.version}):\n\n${lines}`;
}

function refused(): ExportError {
  return new ExportError(
    'CONSENT_REQUIRED',
    `Nothing was connected, since nobody agreed. ${statement()}\nTo agree: connect with --agree --as "YOUR NAME".`,
    { details: { textVersion: CONSENT_TEXT.version, text: CONSENT_TEXT.text } },
  );
}
