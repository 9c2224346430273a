import { relative, resolve } from 'node:path';
import { lazy } from '../lazy';
import { DEFAULT_AUDIENCE_ID } from '../sandbox/audience';
import type { Invocation } from '../shell/invocation';
import { ask, askColumn } from './ask';
import type { Answers } from './config-text';
import { lookAtDatabase } from './look-at-database';
import { lookAtDataverse } from './look-at-dataverse';
import { lookAtFile } from './look-at-file';
import { lookAtLake } from './look-at-lake';
import { type Proposal, propose } from './propose';
import type { ProfilesAnswer, SegmentAnswer, TableAnswer } from './source-text';

export interface InitOptions {
  readonly profiles?: string;
  readonly cdm?: string;
  readonly model?: string;
  readonly postgres?: string;
  readonly password?: string;
  readonly dataverse?: string;
  readonly tenant?: string;
  readonly client?: string;
  readonly secret?: string;
  readonly authority?: string;
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

/** What is asked of a kind of source, to propose a configuration. */
export interface Look {
  readonly invocation: Invocation;
  readonly options: InitOptions;
  /** Of the configuration file. */
  readonly folder: string;
  readonly tables: readonly TableAnswer[];
}

/** What was found in a source. */
export interface Found {
  readonly profiles: ProfilesAnswer;
  readonly columns: readonly string[];
  /** Beyond what the names of the columns propose. */
  readonly proposal?: Partial<Pick<Proposal, 'key'>>;
  /** Segments that the source already has, by its key. */
  readonly segments?: (
    key: string,
  ) => Promise<readonly (readonly [string, SegmentAnswer])[]> | readonly (readonly [string, SegmentAnswer])[];
  /** What `FROM` names for all customers. */
  readonly from: string;
}

/** What the options say, what is asked on a terminal, and otherwise what the source proposes. */
export async function answer(invocation: Invocation, options: InitOptions, folder: string): Promise<Answers> {
  const { account, apiKey, statusIfNew } = options;
  checkTogether(invocation, options);
  const found = await lookAtSource({
    invocation,
    options,
    folder,
    tables: await tablesOf(invocation, options, folder),
  });
  const proposed = { ...propose(found.columns), ...found.proposal };
  const column = async (what: string, proposal: string | undefined, option: 'key' | 'email') =>
    askColumn(invocation, {
      what,
      given: options[option],
      option: `--${option}`,
      proposal,
      columns: found.columns,
      kind: found.profiles.kind === 'files' ? 'file' : 'table',
    });
  const key = await column('unique key', proposed.key, 'key');
  const email = await column('e-mail address', proposed.email, 'email');
  const audience =
    options.audience ??
    (await ask(invocation, { question: 'Audience id', option: '--audience', proposal: DEFAULT_AUDIENCE_ID }));
  return {
    source: {
      profiles: found.profiles,
      key,
      segments: await segmentsOf(invocation, options, { found, key }),
    },
    email,
    fields: proposed.fields,
    account,
    apiKey,
    audience,
    statusIfNew,
    schema: relative(folder, resolve(__dirname, '../../../schema/temporal-mailchimp.schema.json')),
  };
}

function lookAtSource(look: Look): Promise<Found> {
  const { cdm, postgres, dataverse } = look.options;
  if (postgres !== undefined) return lookAtDatabase(look, postgres);
  if (cdm !== undefined) return lookAtLake(look, cdm);
  if (dataverse !== undefined) return lookAtDataverse(look, dataverse);
  return lookAtFile(look);
}

/** Options that say what a source is, each with those that only it has. */
const SOURCES = {
  cdm: ['model'],
  postgres: ['password'],
  dataverse: ['tenant', 'client', 'secret', 'authority'],
} as const;

function checkTogether({ usageError }: Invocation, options: InitOptions): void {
  const kinds = Object.keys(SOURCES) as (keyof typeof SOURCES)[];
  const given = kinds.filter((kind) => options[kind] !== undefined);
  if (given.length > 1) {
    const [last, ...others] = given.map((kind) => `--${kind}`).toReversed();
    usageError(
      `${others.toReversed().join(', ')} and ${last} exclude each other; a source of kind sql can have tables of both`,
    );
  }
  for (const kind of kinds) {
    const own = SOURCES[kind].find((option) => options[kind] === undefined && options[option] !== undefined);
    if (own !== undefined) usageError(`--${own} belongs to --${kind}`);
  }
}

async function tablesOf(
  invocation: Invocation,
  { table = [] }: InitOptions,
  folder: string,
): Promise<TableAnswer[]> {
  const tables: TableAnswer[] = [];
  for (const text of table) {
    const [name, path] = inTwo(invocation, text, '--table');
    const file = { path, what: `table ${name}` };
    const { csv } = await lazy.reading().inspectFile(file, process.cwd());
    tables.push({ name, path: relative(folder, resolve(path)), csv });
  }
  return tables;
}

async function segmentsOf(
  invocation: Invocation,
  { segment = [] }: InitOptions,
  { found, key }: { readonly found: Found; readonly key: string },
): Promise<readonly (readonly [string, SegmentAnswer])[]> {
  if (segment.length > 0) {
    return segment.map((text) => {
      const [id, sql] = inTwo(invocation, text, '--segment');
      return [id, { sql }] as const;
    });
  }
  const own = (await found.segments?.(key)) ?? [];
  if (own.length > 0) return own;
  return [['all-customers', { sql: `SELECT "${key.replaceAll('"', '""')}" FROM ${found.from}` }]];
}

function inTwo({ usageError }: Invocation, text: string, option: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) usageError(`${option} takes NAME=VALUE, not "${text}"`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
