import { ExportError } from '../../errors';
import type { Suppression, SuppressionScope } from '../../ports/staging';
import { count, countOf, instant } from '../../text/format';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { print, type Invocation } from '../shell/invocation';
import { readGiven } from '../shell/read-given';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { toCsv } from '../text/csv';
import { table } from '../text/table';
import { TABLE_LIMIT, withLimit } from '../text/table-limit';

interface ScopeOptions {
  readonly account?: boolean;
  /** The list of people who were forgotten, and are kept out. */
  readonly keptOut?: boolean;
}

interface EntryOptions extends ScopeOptions {
  readonly file?: string;
}

export interface AddOptions extends EntryOptions {
  readonly as: string;
  readonly reason?: string;
}

export interface ListOptions extends ScopeOptions {
  readonly csv?: boolean;
  readonly limit?: number;
}

export interface LiftOptions extends EntryOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
}

const NEEDS_YES = 'suppression lift needs --yes';

interface Named {
  readonly destinationId: string;
  readonly entries: readonly string[];
}

export async function addSuppressions(
  invocation: Invocation,
  { destinationId, entries }: Named,
  { as: by, reason = '', ...options }: AddOptions,
): Promise<undefined> {
  const all = await allEntries(invocation, entries, options);
  const { reader, scope, where } = await openList(invocation, destinationId, options);
  const { added, total } = await reader.suppress(scope, { entries: all, by, reason });
  print(invocation, {
    json: { ...scope, added, total },
    text: () =>
      added === 0
        ? `All of them were on the suppression list of ${where} already, which has ${countOf(total, 'entry', 'entries')}.`
        : `Added ${countOf(added, 'entry', 'entries')} to the suppression list of ${where}, which has ${count(total)} now. The next export takes our ` +
          `tags off these contacts, and sends nothing else for them; one that is open was planned before.`,
  });
  return undefined;
}

export async function listSuppressions(
  invocation: Invocation,
  destinationId: string,
  options: ListOptions,
): Promise<undefined> {
  const isTable = !options.csv && !invocation.options.json;
  if (options.csv && invocation.options.json) invocation.usageError('--csv and --json exclude each other');
  const { reader, scope, where } = await openList(invocation, destinationId, options);
  const limit = options.limit ?? (isTable ? TABLE_LIMIT : undefined);
  const rows = await reader.readSuppressions(scope, limit === undefined ? {} : { limit });
  if (options.csv) {
    const cells = rows.map((row) => COLUMNS.map((column) => row[column]));
    invocation.terminal.out(toCsv(COLUMNS, cells));
    return undefined;
  }
  print(invocation, {
    json: { ...scope, suppressions: rows },
    text: (page) => {
      if (rows.length === 0) return `The suppression list of ${where} is empty.`;
      const shown = table(
        ['ADDRESS OR HASH', 'KIND', 'SINCE', 'BY', 'REASON'],
        rows.map(({ kind, value, since, by, reason }) => [value, kind, instant(since), by, reason]),
        page,
      );
      return withLimit(shown, rows, limit);
    },
  });
  return undefined;
}

const COLUMNS = ['kind', 'value', 'since', 'by', 'reason'] as const satisfies readonly (keyof Suppression)[];

export async function liftSuppressions(
  invocation: Invocation,
  { destinationId, entries }: Named,
  { all = false, yes, ...options }: LiftOptions,
): Promise<number | undefined> {
  const named = entries.length > 0 || options.file !== undefined;
  if (all === named) invocation.usageError('name what to take off the list, or pass --all');
  const lifted = all ? undefined : await allEntries(invocation, entries, options);
  if (!yes) requireTerminal(invocation, NEEDS_YES);
  const { reader, scope, where } = await openList(invocation, destinationId, options);
  const what = lifted ? countOf(lifted.length, 'entry', 'entries') : 'all entries';
  const question = `Take ${what} off the suppression list of ${where}, so that exports send these contacts again?`;
  if (!(await isConfirmed(invocation, { yes, needs: NEEDS_YES }, question)))
    return nothingChanged(invocation);
  const taken = await reader.unsuppress(scope, lifted);
  print(invocation, {
    json: { ...scope, lifted: taken },
    text: () => `Took ${countOf(taken, 'entry', 'entries')} off the suppression list of ${where}.`,
  });
  return undefined;
}

/** Of the arguments and of the file. */
async function allEntries(
  invocation: Invocation,
  entries: readonly string[],
  { file }: EntryOptions,
): Promise<readonly string[]> {
  const lines = file === undefined ? [] : linesOf(await readGiven(file));
  const all = [...entries, ...lines];
  return all.length > 0 ? all : invocation.usageError('name at least one address, or pass --file');
}

function linesOf(content: string): string[] {
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

const KEPT_OUT: SuppressionScope = { store: true };

async function openList(invocation: Invocation, destinationId: string, { account, keptOut }: ScopeOptions) {
  if (account && keptOut) invocation.usageError('--account and --kept-out exclude each other');
  const view = await withClient(invocation, (client) => client.describe(destinationId));
  const { storeId, accountId, phase } = view;
  if (phase === 'removed')
    throw new ExportError(
      'DESTINATION_REMOVED',
      `The destination ${destinationId} was removed, so it exports nothing.`,
    );
  const reader = await openStoreOf(invocation, { destinationId, storeId });
  if (keptOut) return { reader, scope: KEPT_OUT, where: `people who are kept out of the store ${storeId}` };
  const scope: SuppressionScope = account ? { accountId } : { destinationId };
  return { reader, scope, where: account ? `the account ${view.account} (${accountId})` : destinationId };
}
