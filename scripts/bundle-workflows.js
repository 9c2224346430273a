// Usage: node scripts/bundle-workflows.js, after tsc. Bundles the workflows at build time, so that a standalone worker starts within
// a second and does not hold a bundler in memory.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');
const { version } = require('@temporalio/worker/package.json');
const { byLine } = require('./line-maps');

const ROOT = path.resolve(__dirname, '..');
const MAP = /(\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,)(.+)/;

async function main() {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(ROOT, 'dist/workflows/index.js'),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: withoutLocales,
  });
  // The name has the version, because a bundle runs only with the SDK that made it.
  writeFileSync(path.join(ROOT, `dist/workflow-bundle-sdk-${version}.js`), code.replace(MAP, withoutSources));
}

/** zod's messages in fifty languages are a quarter of the code; workflows use the English ones. */
function withoutLocales(config) {
  const alias = { ...config.resolve.alias, [require.resolve('zod/v4/locales')]: false };
  return { ...config, resolve: { ...config.resolve, alias } };
}

/** The sources are more than half of the bundle, and `src` is in the package. Their paths are those of the machine that builds. */
function withoutSources(_comment, url, map) {
  const { sourcesContent: _, sources, mappings, ...rest } = JSON.parse(Buffer.from(map, 'base64').toString());
  const relative = sources.map((source) => source.replaceAll(`${ROOT}${path.sep}`, './'));
  const short = { ...rest, names: [], sources: relative, mappings: byLine(mappings) };
  return url + Buffer.from(JSON.stringify(short)).toString('base64');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
