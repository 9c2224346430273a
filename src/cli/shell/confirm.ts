import { EXIT_REFUSED } from './failure';
import type { Invocation } from './invocation';

/** Ends the command as wrong usage where there is no terminal to ask on. @param needs names the option that answers instead */
export function requireTerminal({ terminal, options, usageError }: Invocation, needs: string): void {
  if (!terminal.isTty || options.json) usageError(`without a terminal to ask for confirmation, ${needs}`);
}

/** Asks a question; anything but yes is no. */
export async function confirm({ terminal }: Invocation, question: string): Promise<boolean> {
  return /^\s*y(es)?\s*$/i.test(await terminal.ask(`${question} [y/N] `));
}

/**
 * Whether a command goes on: with `--yes`, or where the user agrees.
 * @param needs as of `requireTerminal`
 */
export async function isConfirmed(
  invocation: Invocation,
  { yes = false, needs }: { readonly yes: boolean | undefined; readonly needs: string },
  question: string,
): Promise<boolean> {
  if (yes) return true;
  requireTerminal(invocation, needs);
  return confirm(invocation, question);
}

/** Ends a command whose question was answered with no. */
export function nothingChanged({ terminal }: Invocation): number {
  terminal.err('Nothing was changed.');
  return EXIT_REFUSED;
}
