const swc = [
  '@swc/jest',
  { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
];

/** `npm test`. Tests that take minutes are named `*.long.test.ts` or `*.release.test.ts`, and have configurations of their own. @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '\\.(?:long|release)\\.test\\.ts$'],
  transform: {
    '^.+\\.ts$': swc,
    '/node_modules/(?:oauth4webapi/.+|linkedom/worker)\\.js$': swc,
  },
  // Jest does not load ES modules before Node 24.9.
  transformIgnorePatterns: ['/node_modules/(?!oauth4webapi/|linkedom/worker\\.js$)'],
  // Each has a build in one file, of the same code.
  moduleNameMapper: {
    '^@observablehq/plot$': '<rootDir>/node_modules/@observablehq/plot/dist/plot.umd.js',
    '^d3@': '<rootDir>/node_modules/d3/dist/d3.js',
    '^linkedom$': '<rootDir>/node_modules/linkedom/worker.js',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/dist-bench', '<rootDir>/.stryker-tmp'],
  // Only ends what hangs: on a busy machine, tests take several times longer.
  testTimeout: 300_000,
  reporters: ['default', '<rootDir>/test/support/plain-reporter.js'],
  // Twice the cores of CI: many tests wait for timers and servers, and would leave a core idle.
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/longest-first.js',
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};
