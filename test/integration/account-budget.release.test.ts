import { expect, test } from '@jest/globals';
import { exportSideBySide } from './account-budget';

// A release test: beside other work, the processes are late to use what they have.
test('worker processes that export to one account use nine tenths of its budget while there is work', async () => {
  const { used } = await exportSideBySide();
  expect(used).toBeGreaterThanOrEqual(0.9);
});
