import { CONSENT_TEXT } from '../../contract/destination';
import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';

export interface ConsentOptions {
  readonly agree?: boolean;
  readonly as?: string;
}

/**
 * Consent to the data privacy statement, from the options or from a prompt.
 * @param why it is needed, as the end of a sentence
 * @throws ExportError CONSENT_REQUIRED with the statement
 */
export async function obtainConsent(
  invocation: Invocation,
  { agree, as: name }: ConsentOptions,
  why: string,
): Promise<{ agreedBy: string; textVersion: string }> {
  const { terminal, options } = invocation;
  const textVersion = CONSENT_TEXT.version;
  if (agree) {
    const agreedBy =
      name ?? invocation.usageError('--agree needs --as NAME: the name of the user who agrees');
    return { agreedBy, textVersion };
  }
  if (!terminal.isTty || options.json) throw notAgreed(why);
  terminal.err(`To go on, agree to the statement: ${why}.\n`);
  terminal.err(statement());
  const answer = await terminal.ask('Type "I agree" to agree; any other answer cancels: ');
  if (!isAgreement(answer)) throw notAgreed(why);
  return { agreedBy: name ?? (await askName(invocation, why)), textVersion };
}

/** What a person types to agree. */
export function isAgreement(answer: string): boolean {
  return /^\s*"?i agree"?\.?\s*$/i.test(answer);
}

async function askName({ terminal }: Invocation, why: string): Promise<string> {
  const name = (await terminal.ask('Your name (recorded in the history): ')).trim();
  if (name !== '') return name;
  throw notAgreed(why);
}

/** The statement, wrapped for a terminal. */
export function statement(): string {
  return `Data privacy statement (version ${CONSENT_TEXT.version}):\n\n${wrapped(CONSENT_TEXT.text)}`;
}

/** Indented by two, at most 80 columns wide. */
export function wrapped(text: string): string {
  return text.replaceAll(/(?=\S)(.{1,78})(?:\s|$)/g, '  $1\n');
}

/** @param why consent is needed, as the end of a sentence */
export function notAgreed(why: string): ExportError {
  return new ExportError(
    'CONSENT_REQUIRED',
    `Nothing was changed: ${why}. ${statement()}\nTo agree, repeat the command with --agree --as "YOUR NAME".`,
    { details: { textVersion: CONSENT_TEXT.version, text: CONSENT_TEXT.text } },
  );
}
