const { sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Without times of earlier runs, jest goes by file size, and one of these would run alone at the end while the second core idles. */
const LONGEST = [
  'sources/objects/faults',
  'model/troubles.release',
  'examples/examples.release',
  'package/npm.release',
  'browser/web-ui.long',
  'cli/export.long',
  'cli/states.release',
  'staging/objects/export.long',
  'cli/setup-walk.release',
  'workflows/destination/removal.long',
  'workflows/refresh/refresh.long',
  'workflows/export/waits.release',
  'workflows/export/interrupted-at-each-step.release',
  'model/model.release',
  'integration/killed-worker.release',
  'chaos/chaos.release',
  'bench/day.release',
  'workflows/destination/waits.release',
  'workflows/destination/lost-exports.long',
  'integration/undo.release',
  'integration/frozen-worker.long',
  'workflows/export/time-skipping.long',
  'workflows/export/continue-as-new.long',
  'model/temporal.release',
  'package/node-versions.release',
  'package/pnpm.release',
  'workflows/destination/tags.long',
  'workflows/export/approval.long',
  'cli/approval.long',
  'workflows/export/deliver',
  'client/export-handle',
  'workflows/export/export',
  'staging/plan/undo',
  'staging/plan/archive',
  'staging/forget',
  'staging/plan/unmatched',
  'integration/consent',
  'integration/undo',
  'staging/plan/readdressed',
  'plugin/lifecycle',
  'staging/plan/suppressed',
  'workflows/destination/destination',
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
