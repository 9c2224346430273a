import type { AccountBudget, HolderView } from '../../contract/account-budget';
import {
  describeBudget as describeInWords,
  describeBudgetOrigin,
  describeHolder,
} from '../../text/describe-budget';
import { listOf } from '../../text/format';
import { detailsPage, inMarkdown, MAX_ROWS } from '../details-page';

/** The account's page in the Web UI: the budget, then who holds it, and who waits. */
export function describeBudget(accounts: readonly string[], budget: AccountBudget): string {
  const { holders } = budget;
  const rows = [
    ['Account', inMarkdown(listOf(accounts))] as const,
    ['Budget', inMarkdown(describeBudgetOrigin(budget))] as const,
    ...holders.map((holder) => [nameOf(holder), inMarkdown(describeHolder(holder))] as const),
  ];
  const shown = rows.length > MAX_ROWS ? rows.slice(0, MAX_ROWS - 1) : rows;
  const more = rows.length - shown.length;
  return detailsPage(inMarkdown(describeInWords(budget)), [
    ...shown,
    ...(more > 0 ? [['', `and ${more} more workers`] as const] : []),
  ]);
}

function nameOf({ identity }: HolderView): string {
  return inMarkdown(identity);
}
