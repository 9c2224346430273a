import type { AccountBudget, HolderView } from '../contract/account-budget';
import { countOf, instant } from './format';

/** "8 connections: 5 held by 2 workers, 1 worker waits". */
export function describeBudget({ budget, holders }: AccountBudget): string {
  const holding = holders.filter(({ connections }) => connections > 0);
  const waiting = holders.length - holding.length;
  const held = holding.reduce((sum, { connections }) => sum + connections, 0);
  if (budget === null) return 'nothing is held, since no export runs';
  const all = countOf(budget, 'connection');
  if (holders.length === 0) return `${all}: none held, since no export runs`;
  const waits = waiting === 0 ? '' : `, ${countOf(waiting, 'worker')} ${waiting === 1 ? 'waits' : 'wait'}`;
  return `${all}: ${held} held by ${countOf(holding.length, 'worker')}${waits}`;
}

/** Where the budget comes from. */
export function describeBudgetOrigin({ pace, configured, budget }: AccountBudget): string {
  if (pace) {
    const by = pace.by === undefined ? '' : ` by ${pace.by}`;
    return `set${by} at ${instant(pace.since)}; back to the configuration with: temporal-mailchimp account pace NAME --default`;
  }
  if (configured.length > 1)
    return `the configurations of the workers differ (${configured.join(', ')}): the smallest, ${budget}, counts`;
  return 'as the configuration of the workers says';
}

/** "3 connections since …, 2 in use, for newsletter, shop". */
export function describeHolder(holder: HolderView): string {
  const { connections, inUse, wants, since } = holder;
  const work = describeWork(holder);
  const what =
    connections === 0
      ? `waits since ${instant(since)} for ${countOf(wants, 'connection')}`
      : `${countOf(connections, 'connection')} since ${instant(since)}, ${inUse} in use`;
  return work === '' ? what : `${what}, for ${work}`;
}

/** "newsletter, shop and 3 more". */
export function describeWork({ destinations, names }: Pick<HolderView, 'destinations' | 'names'>): string {
  const more = destinations - names.length;
  return names.length === 0 ? '' : `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
