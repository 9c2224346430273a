const {
  globalSetup: _setup,
  globalTeardown: _teardown,
  testSequencer: _sequencer,
  ...config
} = require('./jest.config');

/** `npm run mutate`, which names the tests. None needs a Temporal server. @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: (process.env.MUTATE_TESTS ?? '').split(',').map((test) => `<rootDir>/test/${test}.test.ts`),
};
