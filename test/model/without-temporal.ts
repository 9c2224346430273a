import { jest } from '@jest/globals';

/** What stands in for `@temporalio/workflow`, by the name that it exports. */
export const standIns: Record<string | symbol, unknown> = {};

// Before anything that imports workflow code.
jest.mock('@temporalio/workflow', () => {
  const actual = jest.requireActual<Record<string | symbol, unknown>>('@temporalio/workflow');
  return new Proxy(actual, { get: (target, name) => standIns[name] ?? target[name] });
});
