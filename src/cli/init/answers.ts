import { relative, resolve } from 'node:path';
import { ExportError } from '../../errors';
import type { InspectedTable } from '../../sources/inspect-table';
import { lazy } from '../lazy';
import { DEFAULT_AUDIENCE_ID } from '../sandbox/audience';
import type { Invocation } from '../shell/invocation';
import type { Answers } from './config-text';
import { propose } from './propose';

export interface InitOptions {
  readonly profiles?: string;
  readonly key?: string;
  readonly email?: string;
  readonly table?: readonly string[];
  readonly segment?: readonly string[];
  readonly account: string;
  readonly apiKey: string;
  readonly audience?: string;
  readonly statusIfNew: string;
  readonly force?: boolean;
}

/** What the options say, what is asked on a terminal, and otherwise what the file proposes. */
export async function answer(invocation: Invocation, options: InitOptions, folder: string): Promise<Answers> {
  const profiles =
    options.profiles ??
    (await ask(invocation, { question: 'File with your customers', option: '--profiles' }));
  const table = await lazy.reading().inspectProfiles(profiles, process.cwd());
  const proposed = propose(table.columns);
  const column = async (what: string, proposal: string | undefined, option: 'key' | 'email') => {
    const question = `Column with the ${what} (${table.columns.join(', ')})`;
    const name = options[option] ?? (await ask(invocation, { question, option: `--${option}`, proposal }));
    return requireColumn(name, { table, option: `--${option}` });
  };
  const key = await column('unique key', proposed.key, 'key');
  const email = await column('e-mail address', proposed.email, 'email');
  const audience =
    options.audience ??
    (await ask(invocation, { question: 'Audience id', option: '--audience', proposal: DEFAULT_AUDIENCE_ID }));
  const { account, apiKey, statusIfNew } = options;
  return {
    profiles: relative(folder, resolve(profiles)),
    csv: table.csv,
    key,
    email,
    fields: proposed.fields,
    tables: (options.table ?? [])
      .map((text) => inTwo(invocation, text, '--table'))
      .map(([name, path]) => [name, relative(folder, resolve(path))]),
    segments: segmentsOf(invocation, options, key),
    account,
    apiKey,
    audience,
    statusIfNew,
    schema: relative(folder, resolve(__dirname, '../../../schema/temporal-mailchimp.schema.json')),
  };
}

interface Question {
  readonly question: string;
  /** The option that answers it as well. */
  readonly option: string;
  readonly proposal?: string | undefined;
}

/** Without a terminal, the proposal. */
async function ask(
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

function requireColumn(
  column: string,
  { table, option }: { readonly table: InspectedTable; readonly option: string },
): string {
  if (table.columns.includes(column)) return column;
  throw new ExportError(
    'INPUT_INVALID',
    `The file has no column "${column}". It has: ${table.columns.join(', ')}. Name one of them with ${option}.`,
  );
}

function segmentsOf(invocation: Invocation, { segment = [] }: InitOptions, key: string): Answers['segments'] {
  if (segment.length > 0) return segment.map((text) => inTwo(invocation, text, '--segment'));
  return [['all-customers', `SELECT "${key.replaceAll('"', '""')}" FROM profiles`]];
}

function inTwo({ usageError }: Invocation, text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) usageError(`${option} takes NAME=VALUE, not "${text}"`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
