// Usage: node scripts/bundle-workflows.js, after tsc. Bundles the workflows at build time, so that a standalone worker starts within
// a second and does not hold a bundler in memory.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');
const { version } = require('@temporalio/worker/package.json');

const DIST = path.resolve(__dirname, '../dist');

async function main() {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(DIST, 'workflows/index.js'),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: smaller,
  });
  // The name has the version, because a bundle runs only with the SDK that made it.
  writeFileSync(path.join(DIST, `workflow-bundle-sdk-${version}.js`), code);
}

/** 4.8 MB otherwise, of which 2.3 are copies of the sources in the map, and 0.8 zod's messages in fifty languages. */
function smaller(config) {
  return {
    ...config,
    devtool: 'inline-nosources-source-map',
    // Paths of this package, not of the machine that built it.
    output: { ...config.output, devtoolModuleFilenameTemplate: '[resource-path]' },
    resolve: {
      ...config.resolve,
      alias: { ...config.resolve.alias, [require.resolve('zod/v4/locales')]: false },
    },
  };
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
