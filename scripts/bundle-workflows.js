// Usage: node scripts/bundle-workflows.js, after tsc: bundles the workflows once, so that a standalone worker starts in a second
// and needs no bundler in its memory.
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
