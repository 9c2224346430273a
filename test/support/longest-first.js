const { sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Without times of earlier runs, jest goes by file size, and one of these would run alone at the end while the second core idles. */
const LONGEST = [
  'workflows/export/waits.long',
  'workflows/export/interrupted-at-each-step.long',
  'model/model.long',
  'integration/killed-worker.long',
  'chaos/chaos.long',
  'bench/day.long',
  'workflows/destination/waits.long',
  'workflows/destination/lost-exports.long',
  'integration/undo.long',
  'integration/frozen-worker.long',
  'workflows/export/time-skipping.long',
  'workflows/export/continue-as-new.long',
  'model/temporal.long',
  'package/node-versions.long',
  'package/npm.long',
  'package/pnpm.long',
  'cli/export.long',
  'workflows/destination/tags.long',
  'workflows/export/approval.long',
  'cli/states.long',
  'cli/approval.long',
  'browser/web-ui.long',
  'workflows/export/deliver',
  'client/export-handle',
  'workflows/export/export',
  'staging/plan/permanent-refusals',
  'model/model',
  'staging/plan/census',
  'staging/plan/departed',
  'cli/dev',
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
