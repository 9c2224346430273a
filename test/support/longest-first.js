const { sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Where nothing is known of earlier runs, jest goes by the size of files, and one of these would be left alone at the end. */
const LONGEST = [
  'model/model',
  'workflows/elsewhere',
  'workflows/at-each-step',
  'model/temporal',
  'workflows/continue-as-new',
  'workflows/delivery',
  'integration/killed-worker',
  'workflows/export',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
};

function rank({ path }) {
  const found = LONGEST.findIndex((name) => path.endsWith(`${sep}${name.replace('/', sep)}.test.ts`));
  return found < 0 ? LONGEST.length : found;
}
