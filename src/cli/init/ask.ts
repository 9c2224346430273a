import { ExportError } from '../../errors';
import type { Invocation } from '../shell/invocation';

interface Question {
  readonly question: string;
  /** The option that answers it as well. */
  readonly option: string;
  readonly proposal?: string | undefined;
}

/** Without a terminal, the proposal. */
export async function ask(
  { terminal, options, usageError }: Invocation,
  { question, option, proposal }: Question,
): Promise<string> {
  if (!terminal.isTty || options.json) {
    return (
      proposal ??
      usageError(`${option} is needed: there is no terminal to ask on, and nothing can be proposed`)
    );
  }
  for (;;) {
    const text = (
      await terminal.ask(`${question}${proposal === undefined ? '' : ` [${proposal}]`}: `)
    ).trim();
    if (text !== '') return text;
    if (proposal !== undefined) return proposal;
  }
}

interface ColumnQuestion {
  /** `unique key` */
  readonly what: string;
  readonly given: string | undefined;
  readonly option: string;
  readonly proposal: string | undefined;
  readonly columns: readonly string[];
  /** What has them. */
  readonly kind: 'file' | 'table';
}

/** One of the columns of the profiles. */
export async function askColumn(
  invocation: Invocation,
  { what, given, option, proposal, columns, kind }: ColumnQuestion,
): Promise<string> {
  const question = `Column with the ${what} (${columns.join(', ')})`;
  const name = given ?? (await ask(invocation, { question, option, proposal }));
  if (columns.includes(name)) return name;
  throw new ExportError(
    'INPUT_INVALID',
    `The ${kind} has no column "${name}". It has: ${columns.join(', ')}. Name one of them with ${option}.`,
  );
}
