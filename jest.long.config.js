const { testPathIgnorePatterns: _, ...config } = require('./jest.config');

/** `npm run test:long`. @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: ['<rootDir>/test/**/*.long.test.ts'],
  // Some wait most of the time: a third keeps both cores busy.
  maxWorkers: 3,
};
