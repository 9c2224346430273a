const longConfig = require('./jest.long.config');

/** `npm run test:release`. @type {import('jest').Config} */
module.exports = { ...longConfig, testMatch: ['<rootDir>/test/**/*.release.test.ts'] };
