import { InvalidArgumentError } from 'commander';
import { MOST_CONNECTIONS, type AccountBudget } from '../../contract/account-budget';
import { describeBudget, describeBudgetOrigin, describeWork } from '../../text/describe-budget';
import { instant } from '../../text/format';
import { lazy } from '../lazy';
import { print, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { withAccountsOfDev } from '../shell/running-dev';
import { requireConfig } from '../shell/settings';
import { positiveNumber } from '../shell/options';
import { withClient } from '../shell/temporal';
import { userName } from '../shell/user-name';
import type { Page } from '../text/page';
import { pairs, table } from '../text/table';

interface Budgeted {
  readonly account: string;
  /** `accounts.NAME.connections` of this configuration. */
  readonly configured: number;
  readonly workflowId: string;
}

export async function showBudget(invocation: Invocation, given: string | undefined): Promise<undefined> {
  await withClient(invocation, async (_client, { budgetOf, webUi, temporal }) => {
    const { account, configured, workflowId } = await budgeted(invocation, given, temporal);
    const budget = await budgetOf({ account, workflowId }).show();
    print(invocation, {
      json: { account, configuredHere: configured, budget: budget ?? null },
      text: (page) => (budget ? describe(account, budget, page) : describeNone(account, configured)),
      webUi: budget ? webUi.workflow(workflowId) : null,
    });
  });
}

export function connectionsCount(text: string): number {
  const value = positiveNumber(text);
  if (value <= MOST_CONNECTIONS) return value;
  throw new InvalidArgumentError(
    `It must be at most ${MOST_CONNECTIONS}: Mailchimp allows no more, over all tools.`,
  );
}

interface PaceOptions {
  readonly connections?: number;
  readonly default?: boolean;
  readonly as?: string;
}

export async function paceAccount(
  invocation: Invocation,
  given: string | undefined,
  { connections, default: isDefault = false, as }: PaceOptions,
): Promise<undefined> {
  if ((connections === undefined) !== isDefault)
    invocation.usageError('say --connections <n>, or --default for that of the configuration');
  const by = as ?? userName();
  await withClient(invocation, async (_client, { budgetOf, webUi, temporal }) => {
    const { account, configured, workflowId } = await budgeted(invocation, given, temporal);
    const client = budgetOf({ account, workflowId });
    // Without a pace there is nothing to take back, and nothing to start.
    const before = isDefault ? await client.show() : undefined;
    const isNothing = isDefault && !before?.pace;
    const budget = isNothing
      ? (before ?? null)
      : await client.pace({ connections: connections ?? null, ...(by !== undefined && { by }) });
    print(invocation, {
      json: { account, configuredHere: configured, budget },
      text: () => describePaced(account, { connections, isNothing }),
      webUi: budget ? webUi.workflow(workflowId) : null,
    });
  });
}

async function budgeted(
  invocation: Invocation,
  given: string | undefined,
  { taskQueue }: { readonly taskQueue: string },
): Promise<Budgeted> {
  const loaded = await requireConfig(invocation.options);
  const { config, baseFolder } = await withAccountsOfDev(loaded, invocation.terminal);
  const account = given ?? onlyName('account', config.accounts);
  const { accountOf, accountWorkflowOf } = lazy.accounts();
  const { connections } = accountOf(config, account);
  const workflowId = await accountWorkflowOf(config, { name: account, baseFolder, taskQueue });
  return { account, configured: connections, workflowId };
}

function describeNone(account: string, configured: number): string {
  return (
    `No export runs on the account ${account} now. This configuration gives its exports ${configured} connections, ` +
    `over all workers of the task queue. To change that while they run: temporal-mailchimp account pace ${account} --connections N`
  );
}

function describe(account: string, budget: AccountBudget, page: Page): string {
  const { holders } = budget;
  return [
    pairs(
      [
        ['Account', account],
        ['Budget', describeBudget(budget)],
        ['Setting', describeBudgetOrigin(budget).replace('pace NAME', `pace ${account}`)],
      ],
      page,
    ),
    ...(holders.length === 0
      ? []
      : [
          '',
          table(
            ['WORKER', 'CONNECTIONS', 'IN USE', 'WANTS', 'SINCE', { optional: 'DESTINATIONS' }],
            holders.map((holder) => [
              holder.identity,
              holder.connections,
              holder.inUse,
              holder.wants,
              instant(holder.since),
              describeWork(holder),
            ]),
            page,
          ),
        ]),
  ].join('\n');
}

function describePaced(
  account: string,
  { connections, isNothing }: { readonly connections: number | undefined; readonly isNothing: boolean },
): string {
  const see = `See: temporal-mailchimp account show ${account}`;
  if (isNothing) return `No pace was set for the account ${account}: nothing was changed. ${see}`;
  const how =
    connections === undefined
      ? 'as many connections as the configuration says'
      : `${connections} connections`;
  return `Exports of the account ${account} have ${how}, within a minute. ${see}`;
}
