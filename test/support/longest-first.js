const { sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Without times of earlier runs, jest goes by file size, and one of these would run alone at the end while the second core idles. */
const LONGEST = [
  'workflows/export/interrupted-at-each-step.long',
  'workflows/export/continue-as-new.long',
  'model/model.long',
  'model/temporal.long',
  'package/node-versions.long',
  'package/npm.long',
  'package/pnpm.long',
  'workflows/export/deliver',
  'workflows/export/export',
  'workflows/export/interrupted-step',
  'model/model',
  'model/temporal',
  'cli/dev',
  'staging/plan/readdressed',
  'workflows/destination/lost-exports',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
};

function rank({ path }) {
  const found = LONGEST.findIndex((name) => path.endsWith(`${sep}${name.replaceAll('/', sep)}.test.ts`));
  return found < 0 ? LONGEST.length : found;
}
