// Usage: node scripts/bundle-workflows.js, after tsc. Bundles the workflows at build time, so that a standalone worker starts within
// a second and does not hold a bundler in memory.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { parse, tokTypes } = require('acorn');
const { transformSync } = require('esbuild');
const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');
const { version } = require('@temporalio/worker/package.json');
const { byLine } = require('./line-maps');

const ROOT = path.resolve(__dirname, '..');
/** The name has the version, because a bundle runs only with the SDK that made it. */
const NAME = `workflow-bundle-sdk-${version}.js`;
const MAP = /(\/\/# sourceMappingURL=data:application\/json(?:;charset=utf-8)?;base64,)(.+)/;

async function main() {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(ROOT, 'dist/workflows/index.js'),
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: withoutLocales,
  });
  writeFileSync(path.join(ROOT, 'dist', NAME), withoutCommentsAndIndents(code).replace(MAP, withoutSources));
}

/** A quarter of the bundle. Lines stay, since the map goes by line. */
function withoutCommentsAndIndents(bundle) {
  const options = { legalComments: 'none', minifySyntax: true, sourcemap: 'inline', sourcesContent: false };
  const { code } = transformSync(bundle, options);
  const isText = linesWithinTemplates(code);
  return code
    .split('\n')
    .map((line, index) => (isText.has(index + 1) ? line : line.trimStart()))
    .join('\n');
}

/** Lines that begin inside a template literal, whose blanks are its own. */
function linesWithinTemplates(code) {
  const lines = new Set();
  const onToken = ({ type, loc }) => {
    if (type !== tokTypes.template) return;
    for (let line = loc.start.line + 1; line <= loc.end.line; line += 1) lines.add(line);
  };
  parse(code, { ecmaVersion: 'latest', locations: true, onToken });
  return lines;
}

/** zod's messages in fifty languages are a quarter of the code; workflows use the English ones. */
function withoutLocales(config) {
  const alias = { ...config.resolve.alias, [require.resolve('zod/v4/locales')]: false };
  return { ...config, resolve: { ...config.resolve, alias } };
}

const isOurs = (source) => !source.includes('node_modules');

/**
 * The sources are more than half of the bundle, and `src` is in the package. Their paths are those of the machine that builds. Lines of other
 * packages have no position: what matters in a stack trace are those of this one.
 */
function withoutSources(_comment, url, map) {
  const { sourcesContent: _, sources, mappings, ...rest } = JSON.parse(Buffer.from(map, 'base64').toString());
  const own = sources.filter(isOurs).map((source) => source.replaceAll(`${ROOT}${path.sep}`, './'));
  const places = sources.map((source, index) =>
    isOurs(source) ? sources.slice(0, index).filter(isOurs).length : -1,
  );
  // The SDK wants a name of the file where a host gives it the code alone.
  const short = { ...rest, file: NAME, names: [], sources: own, mappings: byLine(mappings, places) };
  return url + Buffer.from(JSON.stringify(short)).toString('base64');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
