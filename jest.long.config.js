const { testPathIgnorePatterns: _, ...config } = require('./jest.config');

/** `npm run test:long`. @type {import('jest').Config} */
module.exports = { ...config, testMatch: ['<rootDir>/test/**/*.long.test.ts'], maxWorkers: 2 };
