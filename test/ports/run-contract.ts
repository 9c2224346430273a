import { expect, test } from '@jest/globals';
import type { ContractCase } from '../../src/testing';

/** Each rule of a port as a test. */
export function runContract(cases: readonly ContractCase[]): void {
  test.each(cases)('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
}
