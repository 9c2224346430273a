// Usage: node scripts/bundle-workflows.js, after tsc. Bundles the workflows at build time, so that a standalone worker starts within
// a second and does not hold a bundler in memory.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');

const DIST = path.resolve(__dirname, '../dist');

async function main() {
  const workflowsPath = path.join(DIST, 'workflows/index.js');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  writeFileSync(path.join(DIST, 'workflow-bundle.js'), code);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
