const { testPathIgnorePatterns: _, ...config } = require('./jest.config');

/** `npm run test:long`. @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: ['<rootDir>/test/**/*.long.test.ts'],
  // Its runs are random in time: only `npm run chaos` asks for them.
  testPathIgnorePatterns: process.env.CHAOS_SEED ? [] : ['/test/chaos/'],
  // Some wait most of the time: a third keeps both cores busy.
  maxWorkers: 3,
};
