// Usage: npm run mutate [-- src/<file>.ts[:<first line>-<last line>] ...]. Changes one place of a file that decides at a time, and runs
// the tests of that file: a change that no test notices survives.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');
const STRYKER = path.join(
  path.dirname(require.resolve('@stryker-mutator/core/package.json')),
  'bin/stryker.js',
);

/** The tests of each file that run without a Temporal server, in seconds. */
const TESTS = {
  'src/mailchimp/classify.ts': ['mailchimp/classify'],
  'src/mailchimp/accounting.ts': ['mailchimp/accounting'],
  'src/mailchimp/request-size.ts': ['mailchimp/rows-of-a-request'],
  'src/mailchimp/compare-member.ts': ['mailchimp/compare-member'],
  'src/activities/rules/canary.ts': ['activities/rules/canary'],
  'src/activities/rules/guards.ts': ['activities/rules/guards'],
  'src/activities/rules/left-members.ts': ['activities/rules/left-members'],
  'src/activities/rules/lookup.ts': ['activities/rules/lookup'],
  'src/activities/rules/lost-batch.ts': ['activities/rules/lost-batch'],
  'src/activities/rules/operation-id.ts': ['activities/rules/operation-id'],
  'src/activities/rules/resolve-tags.ts': ['activities/rules/resolve-tags'],
  'src/contract/abridged.ts': ['workflows/payload-size'],
  'src/contract/compact.ts': ['workflows/payload-size'],
  'src/contract/row-class.ts': ['contract/row-class'],
  'src/workflows/export/poll-interval.ts': ['workflows/export/poll-interval'],
};

for (const file of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(TESTS)) {
  const tests = TESTS[file.split(':')[0]];
  if (!tests) throw new Error(`${file} has no tests here. Choose from: ${Object.keys(TESTS).join(', ')}`);
  const { status } = spawnSync(process.execPath, [STRYKER, 'run', '--mutate', file], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, MUTATE_TESTS: tests.join(',') },
  });
  if (status !== 0) process.exitCode = 1;
}
