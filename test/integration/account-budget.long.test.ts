import { expect, test } from '@jest/globals';
import { BUDGET, exportSideBySide, WORKERS } from './account-budget';

test('worker processes that export to one account never have more connections together than its budget', async () => {
  const { reports, most, refused, budgets } = await exportSideBySide();
  expect(new Set(reports.map(({ status }) => status))).toEqual(new Set(['completed']));
  expect(most).toBe(BUDGET);
  expect(refused).toBe(0);
  for (const { holders } of budgets)
    expect(holders.reduce((sum, { connections }) => sum + connections, 0)).toBeLessThanOrEqual(BUDGET);
  expect(Math.max(...budgets.map(({ holders }) => holders.length))).toBe(WORKERS);
});
