// Prints the packages that a worker needs beside this one, each with the version that package-lock.json has, so that an image has what the
// tests ran with: the peers that are not optional, and those optional ones that are named as arguments.
const { peerDependencies, peerDependenciesMeta } = require('../package.json');
const { packages } = require('../package-lock.json');

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in peerDependencies));
if (unknown.length > 0)
  throw new Error(
    `No peer of this package: ${unknown.join(', ')}. Name some of: ${Object.keys(peerDependencies).join(', ')}`,
  );

const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
const names = [...new Set([...needed, ...wanted])];
process.stdout.write(
  `${names.map((name) => `${name}@${packages[`node_modules/${name}`].version}`).join(' ')}\n`,
);
